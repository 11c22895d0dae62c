"""Installing the real Tryton: a step that fails is told in plain words, and nothing half-made is taken for whole."""

from pathlib import Path

import pytest

from controltower.simulation.tryton import install
from controltower.simulation.tryton.install import InstallationFailed, ensure_installed


@pytest.fixture
def broken_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 3\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setattr(install.sys, "executable", str(program))
    monkeypatch.setattr(install.shutil, "which", lambda name: None)


@pytest.mark.usefixtures("broken_python")
def test_a_failed_step_says_which_and_why(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(InstallationFailed, match="no space left on device"):
        ensure_installed(tmp_path / "state", said.append)
    assert said == [f"tryton: creating {tmp_path / 'state' / 'venv'}"]
    assert not (tmp_path / "state" / "packages.stamp").exists()


def test_what_is_installed_with_these_pins_is_left_alone(tmp_path: Path) -> None:
    for name, parts in (("packages", install.PINS), ("template", (*install.PINS, *install.MODULES))):
        (tmp_path / f"{name}.stamp").write_text(install._fingerprint(*parts), encoding="utf-8")
    (tmp_path / "template.sqlite").touch()
    said: list[str] = []
    found = ensure_installed(tmp_path, said.append)
    assert found.template == tmp_path / "template.sqlite"
    assert said == []


def test_the_place_of_the_installation_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(install.STATE_VARIABLE, str(tmp_path))
    assert install.state_directory() == tmp_path
