"""A tower as an operator runs it, `python app.py run`, in processes of its own under a directory of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks import programs

ROOT = Path(__file__).resolve().parents[1]
CONFIG = Path(__file__).resolve().parent / "config"
SECRET = "BENCHMARK_HOOK_SECRET"
START_SECONDS = 60.0


class Running:
    """One run of the tower: the supervisor and what it started."""

    def __init__(
        self,
        home: Path,
        url: str,
        secret: str,
        *words: str,
        port: int | None = None,
        own: Mapping[str, str] | None = None,
    ) -> None:
        """`own`: what its environment holds besides."""
        self.home, self.port = home, port or free_port()
        self._log = (home / "said.log").open("ab")
        self.supervisor = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "run", "--port", str(self.port), *words],
            cwd=home, env={**environment(home, url, secret), **(own or {})}, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Return once it answers, or raise RuntimeError with what it said."""
        if not wait_for(lambda: self.answers() or self.supervisor.poll() is not None, START_SECONDS):
            raise RuntimeError(f"the tower did not start:\n{self.said}")
        if self.supervisor.poll() is not None:
            raise RuntimeError(f"the tower ended:\n{self.said}")

    def answers(self, path: str = "/healthz") -> bool:
        """Whether a path is answered with 200."""
        return serves(self.port, path)

    @property
    def said(self) -> str:
        return (self.home / "said.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    @property
    def web(self) -> list[int]:
        """The processes of the web server, the serving one last."""
        leader = self._leader("web")
        return [leader, *programs.descendants(leader)]

    @property
    def worker(self) -> list[int]:
        return [self._leader("worker")]

    def _leader(self, verb: str) -> int:
        for pid in programs.descendants(self.supervisor.pid):
            if f"app.py {verb} " in programs.command(pid):
                return pid
        raise RuntimeError(f"no {verb} is running:\n{self.said}")

    def kill(self) -> None:
        """End every process of it at once, without a word (kill -9)."""
        pids = programs.descendants(self.supervisor.pid)
        programs.kill([self.supervisor.pid, *pids])
        self.supervisor.wait()
        self._log.close()
        if not wait_for(lambda: all(programs.gone(pid) for pid in pids), 20):
            raise RuntimeError(f"not all processes of the tower ended: {pids}")

    def stop(self) -> None:
        """End it in the usual way."""
        if self.supervisor.poll() is None:
            self.supervisor.terminate()
            self.supervisor.wait(30)
        self._log.close()


@contextmanager
def running(home: Path, url: str, secret: str, *words: str, port: int | None = None) -> Iterator[Running]:
    """A tower that is ready; it is stopped at the end."""
    tower = Running(home, url, secret, *words, port=port)
    try:
        tower.wait_until_ready()
        yield tower
    finally:
        tower.stop()


def environment(home: Path, url: str, secret: str) -> dict[str, str]:
    """An operator's environment, with nothing of ours in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTROLTOWER_", "DATABASE_"))
    }
    own = {"CONTROLTOWER_STATE": str(home), "CONTROLTOWER_CONFIG": str(CONFIG), "DATABASE_URL": url}
    return {**kept, **own, SECRET: secret, "CONTROLTOWER_LOG": "text"}


def serves(port: int, path: str = "/healthz") -> bool:
    """Whether a server of this machine answers a path with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Wait until something holds; whether it did in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True
