"""The network beside a real ERP, seen without one: what it refuses, and how its time goes on."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from controltower.simulation.network import Network
from controltower.simulation.story import AT_THE_DOOR, SCENES
from controltower.simulation.tryton.__main__ import main
from controltower.simulation.tryton.bridge import RealErp
from tests.simulation.conftest import MORNING

NOBODY = RealErp("http://127.0.0.1:9", "no password")


def test_nothing_can_be_broken_inside_a_real_erp_but_its_door_can(
    make_network: Callable[..., Network],
) -> None:
    network = make_network(real_erp=NOBODY)
    told = {fault["name"]: fault["not_here"] for fault in network.faults()}
    assert "renamed-field" in {name for name, why in told.items() if "real Tryton" in why}
    assert {"confirmation-never-posted", "stale-due-date"} <= {
        name for name, why in told.items() if "tower carries" in why
    }
    with pytest.raises(ValueError, match="real Tryton"):
        network.fault_on("renamed-field")
    with pytest.raises(ValueError, match="real Tryton"):
        network.fault_on("lost-webhook", {"system": "erp-hq"})
    with pytest.raises(ValueError, match="tower carries"):
        network.fault_on("stale-due-date")
    network.fault_on("renamed-field", {"system": "aps-hq"})
    network.fault_on("target-busy", {"system": "erp-hq"})


def test_the_story_is_one_that_can_be_played_here(make_network: Callable[..., Network]) -> None:
    network = make_network(real_erp=NOBODY)
    network.story()
    for minutes, wanted in ((41, "answer-lost"), (50, "target-down")):
        network.advance(timedelta(minutes=minutes))
        assert wanted in {fault["name"] for fault in network.faults() if fault["active"]}


def test_a_scene_of_the_story_outlives_the_allowances_and_a_shut_door_does_not_last() -> None:
    assert [scene.lasts(60.0) for scene in (*SCENES, *AT_THE_DOOR)] == [150.0, 120.0, 180.0, 120.0]
    assert [scene.lasts(1.0) for scene in (*SCENES, *AT_THE_DOOR)] == [20.0, 20.0, 3.0, 2.0]


@pytest.mark.parametrize(
    ("method", "status"),
    [("model.production.search_read", 502), ("model.production.run", 429)],
)
def test_the_door_in_trouble_answers_changes_and_lets_questions_pass(
    make_network: Callable[..., Network], method: str, status: int
) -> None:
    network = make_network(real_erp=NOBODY)
    network.fault_on("target-busy", {"system": "erp-hq", "rate": 1.0, "retry_after": 3})
    door = network.world.addresses["erp-hq"]
    asked = {"id": 1, "method": method, "params": [[1], {}]}
    answer = requests.post(f"{door}/tryton/rpc/", json=asked, timeout=10)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("3" if status == 429 else None)


def test_a_real_erp_lives_in_real_time(make_network: Callable[..., Network]) -> None:
    network = make_network(real_erp=NOBODY)
    with pytest.raises(ValueError, match="real time"):
        network.set_speed(60)


def test_a_night_without_the_network_puts_off_what_was_planned(make_network: Callable[..., Network]) -> None:
    network = make_network(real_erp=NOBODY)
    planned = network.systems["workforce"].db.next_job(network.world.moment + 1e6)
    network.stop()
    later = MORNING + timedelta(hours=9)
    again = make_network(real_erp=NOBODY, begin_at=later)
    assert again.world.moment == later.timestamp()
    moved = again.systems["workforce"].db.next_job(again.world.moment + 1e6)
    assert planned is not None
    assert moved is not None
    assert moved.due == planned.due + 9 * 3600


def test_an_erp_that_does_not_answer_is_asked_again(make_network: Callable[..., Network]) -> None:
    network = make_network(real_erp=NOBODY)
    network.advance(timedelta(seconds=12))
    due = network.systems["erp-hq"].db.next_job(network.world.moment + 6)
    assert due is not None
    assert due.kind == "look"


def test_a_change_by_hand_needs_a_tryton_that_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["tryton", "--state", str(tmp_path), "change", "MO-1003", "--quantity", "4"]
    )
    assert main() == 1
    assert "no Tryton has run" in capsys.readouterr().err


def test_a_change_by_hand_reaches_for_the_port_of_the_running_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "trytond.conf").write_text("[web]\nlisten = localhost:9\n")
    (tmp_path / "admin_password").write_text("secret")
    monkeypatch.setattr(
        "sys.argv", ["tryton", "--state", str(tmp_path), "change", "MO-1003", "--due", "2026-12-01"]
    )
    assert main() == 1
    assert "no Tryton answers on http://localhost:9" in capsys.readouterr().err
