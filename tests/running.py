"""A tower as an operator runs it: `python app.py run` with a small configuration, in processes of its own."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.waiting import becomes

ROOT = Path(__file__).parent.parent
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
FILES = {
    "plants.toml": '[LYON]\nname = "Lyon"\ntime_zone = "Europe/Paris"\n',
    "systems.toml": (
        '[mes]\ntitle = "MES"\nrole = "mes"\nplants = ["*"]\nconnector = "cloudevents"\n'
        'hooks = { secrets = ["env:MES_SECRET"] }\n'
    ),
}


class RunningTower:
    """One `run` with its state under a directory of its own; use it as a context manager."""

    def __init__(self, home: Path, *words: str, port: int | None = None) -> None:
        self.home, self.port = home, port or free_port()
        self.environment = operator_environment(home)
        self._out = home / "said.log"
        with self._out.open("wb") as out:
            self.running = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py"), "run", "--port", str(self.port), *words],
                cwd=home, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.running.poll() is None:
            self.running.terminate()
        self.running.wait(30)

    @property
    def said(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def welcomed(self) -> bool:
        """Whether it has told that all of it is up."""
        return "Ctrl-C stops everything" in self.said

    def answers(self, path: str = "/healthz") -> bool:
        """Whether an address answers 200."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        self.running.send_signal(number)
        return self.running.wait(30)


def operator_environment(home: Path) -> dict[str, str]:
    """An operator's environment: a configuration with one system, and its state beside it."""
    config = home / "config"
    config.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (config / name).write_text(text, encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTROLTOWER_", "DATABASE_"))
    }
    own = {
        "CONTROLTOWER_STATE": str(home / "state"),
        "CONTROLTOWER_CONFIG": str(config),
        "MES_SECRET": SECRET,
    }
    return {**kept, **own}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> dict[int, str]:
    """The processes that a process has started, and those that they have, with their command lines."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], check=True, capture_output=True, text=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    parents = {int(row[0]): (int(row[1]), row[2] if len(row) > 2 else "") for row in rows}
    return {
        child: parents[child][1] for child in _below(pid, {child: row[0] for child, row in parents.items()})
    }


def _below(pid: int, parents: dict[int, int]) -> Iterator[int]:
    for child, parent in parents.items():
        if parent == pid:
            yield child
            yield from _below(child, parents)


def gone(pid: int) -> bool:
    """Whether a process has ended (one that nobody has asked for its status yet counts as ended)."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True
    ).stdout
    return not state.strip() or state.strip().startswith("Z")


def all_gone(pids: dict[int, str]) -> bool:
    """Whether all of them end while we wait."""
    return becomes(lambda: all(gone(pid) for pid in pids), 30)
