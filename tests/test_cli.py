"""The command line: what it answers, what it refuses, and that it shows no secret twice."""

import io
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine

from controltower.cli import main
from controltower.store import audit, user
from controltower.store.engine import connect, reading
from controltower.web.login import hasher
from tests.factories import Plantlet, due
from tests.running import FILES, SECRET

ROOT = Path(__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's configuration and an empty state."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("CONTROLTOWER_DEMO_STATE", "CONTROLTOWER_CLOCK", "CONTROLTOWER_PASSWORD", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONTROLTOWER_CONFIG", str(tmp_path))
    monkeypatch.setenv("CONTROLTOWER_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MES_SECRET", SECRET)
    return tmp_path


@pytest.fixture
def stored(home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A migrated database, which the verbs find in the environment."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    connected = connect(database_url)
    yield connected
    connected.dispose()


@pytest.fixture
def quiet_logs() -> Iterator[None]:
    """Put the logging back as it was: some verbs set it up for a process of their own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_help_shows_the_verbs_and_touches_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    for verb in ("run", "worker", "web", "check", "poll", "reprocess", "key", "user", "migrate", "fault"):
        assert re.search(rf"^    {verb}\b", done.stdout, re.MULTILINE), verb
    assert list(tmp_path.iterdir()) == []


def test_a_verb_that_is_none_is_not_understood(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "fly" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_check_finds_nothing_in_a_good_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "0 errors" in capsys.readouterr().out


def test_check_tells_file_place_and_cure(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILES["systems.toml"].replace('role = "mes"', 'role = "mess"')
    (home / "systems.toml").write_text(text, encoding="utf-8")
    assert main(["check"]) == 1
    told = capsys.readouterr()
    assert re.search(r"systems\.toml:\d+: .*mess.*Did you mean 'mes'\?", told.err)
    assert "1 error" in told.out


def test_check_tells_what_the_environment_lacks(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MES_SECRET")
    assert main(["check"]) == 1
    assert "MES_SECRET" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_database_that_was_never_migrated_is_told_with_the_cure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", "list"]) == 1
    assert "python app.py migrate" in capsys.readouterr().err
    assert main(["migrate"]) == 0
    assert main(["user", "list"]) == 0


@pytest.mark.usefixtures("stored")
def test_a_database_out_of_reach_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://tower:hush-hush@127.0.0.1:1/none")
    assert main(["user", "list"]) == 1
    told = capsys.readouterr().err
    assert "database" in told
    assert "hush-hush" not in told


def test_a_person_is_added_and_written_into_the_audit_trail(
    stored: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTROLTOWER_PASSWORD", "correct horse")
    assert main(["user", "add", "Anna", "--roles", "planner,integration", "--full-name", "Anna Alt"]) == 0
    with reading(stored) as connection:
        anna = user.user_by_name(connection, "anna")
        entry = audit.latest(connection)[0]
    assert anna is not None
    assert hasher.verify(anna.password_hash, "correct horse")
    assert (anna.roles, anna.home) == ({"planner", "integration"}, "planner")
    assert (entry.action, entry.target) == ("user added", "Anna")
    assert "correct horse" not in capsys.readouterr().out


@pytest.mark.usefixtures("stored")
def test_a_password_may_come_by_a_pipe(monkeypatch: pytest.MonkeyPatch, stored: Engine) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("through the pipe\n"))
    assert main(["user", "add", "anna", "--roles", "admin"]) == 0
    with reading(stored) as connection:
        anna = user.user_by_name(connection, "anna")
    assert anna is not None
    assert hasher.verify(anna.password_hash, "through the pipe")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("words", "password", "told"),
    [
        (["user", "add", "anna", "--roles", "admin"], "short", "10 characters"),
        (["user", "add", "anna", "--roles", "pilot"], "long enough now", "executive"),
        (["user", "passwd", "nobody"], "long enough now", "no user nobody"),
        (["user", "disable", "nobody"], "", "no user nobody"),
        (["key", "revoke", "nothing"], "", "no key named nothing"),
        (["key", "create", "k", "--roles", "pilot"], "", "executive"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    words: list[str],
    password: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CONTROLTOWER_PASSWORD", password)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(words) == 1
    assert told in capsys.readouterr().err


def test_a_taken_name_is_refused_before_a_password_is_asked_for(
    stored: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTROLTOWER_PASSWORD", "correct horse")
    main(["user", "add", "anna", "--roles", "admin"])
    monkeypatch.delenv("CONTROLTOWER_PASSWORD")
    assert main(["user", "add", "anna", "--roles", "admin"]) == 1
    assert "already" in capsys.readouterr().err


def test_a_person_is_switched_off_and_on_again_and_given_a_password(
    stored: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONTROLTOWER_PASSWORD", "correct horse")
    main(["user", "add", "anna", "--roles", "admin"])
    assert main(["user", "disable", "anna"]) == 0
    assert main(["user", "list"]) == 0
    assert re.search(r"^anna\s+anna\s+admin\s+no", capsys.readouterr().out, re.MULTILINE)
    assert main(["user", "enable", "anna"]) == 0
    monkeypatch.setenv("CONTROLTOWER_PASSWORD", "battery staple")
    assert main(["user", "passwd", "anna"]) == 0
    with reading(stored) as connection:
        anna = user.user_by_name(connection, "anna")
    assert anna is not None
    assert anna.active
    assert hasher.verify(anna.password_hash, "battery staple")


def test_a_key_is_shown_once_and_works_until_it_is_revoked(
    stored: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", "create", "monitor", "--roles", "integration", "--days", "30"]) == 0
    key = capsys.readouterr().out.strip()
    with reading(stored) as connection:
        found = user.keys(connection)[0]
        assert user.key_for(connection, key, found.created_at) == found
    assert main(["key", "list"]) == 0
    listed = capsys.readouterr().out
    assert "monitor" in listed
    assert key not in listed
    assert main(["key", "create", "monitor", "--roles", "integration"]) == 1
    assert main(["key", "revoke", "monitor"]) == 0
    with reading(stored) as connection:
        assert user.key_for(connection, key, found.created_at) is None


@pytest.mark.usefixtures("stored", "quiet_logs")
def test_a_system_that_is_not_polled_cannot_be_polled(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["poll", "mes"]) == 1
    assert "mes is not polled" in capsys.readouterr().err


@pytest.mark.usefixtures("quiet_logs")
def test_the_ledger_is_told_again(stored: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    plantlet = Plantlet(stored)
    plantlet.say("mes", 1, {"due_date": due(9)})
    plantlet.record()
    plantlet.intake.stop()
    assert main(["reprocess"]) == 0
    assert "1 message told again." in capsys.readouterr().out
    with reading(stored) as connection:
        assert audit.latest(connection)[0].action == "reprocessed"


@pytest.mark.usefixtures("home")
def test_without_a_network_its_faults_cannot_be_switched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fault", "list"]) == 1
    assert "no network answers" in capsys.readouterr().err
