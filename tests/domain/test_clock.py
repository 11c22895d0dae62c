"""The clock: real time, or a demo's time that is followed while it runs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controltower.domain import clock
from controltower.domain.clock import Clock


def write(path: Path, virtual: float, speed: float) -> None:
    path.write_text(json.dumps({"real": 100.0, "virtual": virtual, "speed": speed}), encoding="utf-8")


def test_virtual_time_runs_at_its_speed() -> None:
    assert Clock(100.0, 1000.0, 60.0, time=lambda: 101.0).now() == datetime.fromtimestamp(1060.0, UTC)


def test_without_a_file_it_is_now() -> None:
    before = datetime.now(UTC)
    assert before <= Clock.load(None).now() <= datetime.now(UTC)


def test_a_file_that_is_written_anew_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LOOK_SECONDS", 0.0)
    path = tmp_path / "clock.json"
    followed = Clock.load(path)
    assert followed.speed == 1.0
    write(path, 1000.0, 60.0)
    assert (followed.virtual, followed.speed) == (1000.0, 60.0)
    path.unlink()
    assert followed.speed == 60.0  # between two files of its owner, the last one holds


def test_a_file_that_holds_no_clock_is_told(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="holds no clock"):
        Clock.load(path)
