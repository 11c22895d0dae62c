"""`run` keeps the tower's programs alive, and leaves none of them behind, however it ends."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from controltower.supervisor import Program, ProgramFailed, Supervisor
from tests.running import ROOT, RunningTower, all_gone, descendants, free_port, gone
from tests.waiting import becomes


@pytest.fixture
def tower(tmp_path: Path) -> RunningTower:
    return RunningTower(tmp_path)


def must_be_up(tower: RunningTower) -> None:
    assert becomes(lambda: tower.welcomed or tower.running.poll() is not None)
    assert tower.running.poll() is None, tower.said


def run_here(tower: RunningTower) -> subprocess.CompletedProcess[str]:
    """Another `run` in the same place, on another port, until it ends."""
    command = [sys.executable, str(ROOT / "app.py"), "run", "--port", str(free_port())]
    return subprocess.run(
        command, cwd=tower.home, env=tower.environment, capture_output=True, text=True, check=False
    )


def pid_of(tower: RunningTower, word: str) -> int:
    """The process that the supervisor itself started for one part."""
    found = descendants(tower.running.pid)
    below = {grandchild for pid in found for grandchild in descendants(pid)}
    return next(pid for pid, command in found.items() if f" {word}" in command and pid not in below)


@pytest.mark.slow
def test_run_serves_until_it_is_told_to_stop_and_leaves_nothing(tower: RunningTower) -> None:
    with tower:
        must_be_up(tower)
        assert tower.answers(), tower.said
        assert becomes(lambda: tower.answers("/readyz"))
        second = run_here(tower)
        assert second.returncode == 1
        assert "runs on" in second.stderr
        started = descendants(tower.running.pid)
        assert len(started) >= 3  # the worker, the web server, the process that serves
        assert tower.stop() == 0
        assert all_gone(started), tower.said
    assert "stopped in" in tower.said
    assert "is ended now" not in tower.said


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the kernel tells children of it on Linux only"
)
def test_a_killed_supervisor_takes_its_programs_with_it_and_can_be_started_again(tower: RunningTower) -> None:
    with tower:
        must_be_up(tower)
        started = descendants(tower.running.pid)
        assert tower.stop(signal.SIGKILL) == -signal.SIGKILL
        assert all_gone(started), started
    with RunningTower(tower.home, port=tower.port) as second:
        must_be_up(second)
        assert second.answers(), second.said
        started = descendants(second.running.pid)
        assert second.stop(signal.SIGINT) == 0
        assert all_gone(started), second.said


@pytest.mark.slow
def test_a_program_that_dies_is_started_again(tower: RunningTower) -> None:
    with tower:
        must_be_up(tower)
        before = descendants(tower.running.pid)
        killed = pid_of(tower, "web")
        os.kill(killed, signal.SIGKILL)
        assert becomes(lambda: "web ended with status -9" in tower.said), tower.said
        assert becomes(lambda: tower.answers() and not set(descendants(tower.running.pid)) <= set(before))
        worker = pid_of(tower, "worker")
        assert all(gone(pid) for pid in before if pid != worker)


def test_a_taken_port_is_told_in_words(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with RunningTower(tmp_path, port=other.getsockname()[1]) as tower:
            assert tower.running.wait(60) == 1
    assert "is taken by another program" in tower.said
    assert "Traceback" not in tower.said


def test_a_mistake_in_the_configuration_ends_the_start(tower: RunningTower) -> None:
    tower.stop(signal.SIGKILL)
    (tower.home / "config" / "systems.toml").write_text('[mes]\nrole = "miller"\n', encoding="utf-8")
    done = run_here(tower)
    assert done.returncode == 1
    assert "systems.toml" in done.stderr
    assert "Traceback" not in done.stderr


def program(tmp_path: Path, code: str) -> Program:
    return Program("one", [sys.executable, "-c", code], dict(os.environ), tmp_path / "one.log")


def test_a_program_that_ends_while_it_starts_is_told_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(lambda line: None)
    failing = program(tmp_path, "import sys; print('no room left'); sys.exit(3)")
    supervisor.start(failing)
    with pytest.raises(ProgramFailed, match="status 3\nno room left"):
        supervisor.wait_for(failing, lambda: False, 30)
    supervisor.stop()


def test_a_program_that_will_not_end_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controltower.supervisor.STOP_SECONDS", 0.5)
    lines: list[str] = []
    supervisor = Supervisor(lines.append)
    deaf = "import signal, subprocess, time; signal.signal(15, signal.SIG_IGN); "
    child = "subprocess.Popen(['sleep', '600']); print('up', flush=True); time.sleep(600)"
    stubborn = program(tmp_path, deaf + child)
    supervisor.start(stubborn)
    assert supervisor.wait_for(stubborn, lambda: "up" in stubborn.tail(), 30)
    below = descendants(os.getpid())
    supervisor.stop()
    assert all_gone({pid: command for pid, command in below.items() if command == "sleep 600"})
    assert lines == ["one did not end in time and is ended now"]
