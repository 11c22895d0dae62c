"""The command line sends a test over a channel and says what became of it."""

from pathlib import Path

import pytest

from controltower.cli import main

NOTIFY = '[channels.mail]\nkind = "file"\n'


@pytest.fixture
def state(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tower that writes its mails as files."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "notify.toml").write_text(NOTIFY, encoding="utf-8")
    monkeypatch.setenv("CONTROLTOWER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("CONTROLTOWER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.delenv("CONTROLTOWER_CLOCK", raising=False)
    return tmp_path / "state"


def test_a_test_goes_over_the_channel(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notify", "test", "mail", "--to", "anna@plant.example"]) == 0
    (file,) = (state / "mail").iterdir()
    assert "anna@plant.example" in file.read_text(encoding="utf-8")
    assert file.name in capsys.readouterr().out


def test_what_does_not_go_is_said(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notify", "test", "male"]) == 1
    assert main(["notify", "test", "mail"]) == 1  # nobody is told anything over it yet
    said = capsys.readouterr().err
    assert "Known: mail" in said
    assert "no mail address" in said
    assert not (state / "mail").exists()
