"""The whole demo as `make run` starts it: the tower and its simulated network, in processes of their own."""

import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from controltower.demo import Demo
from controltower.web_server import taken

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
FIRST_PORT, LAST_PORT = 20_000, 30_000  # below the ports that the kernel hands out by itself
READY_SECONDS, STOP_SECONDS = 120, 30


class LiveTower:
    """A running demo on free ports with its state in a directory of its own; use it as a context manager."""

    def __init__(self, state: Path) -> None:
        self._port = free_port()
        self._said = state / "said.log"
        self._state = state
        self._running = self._start()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def said(self) -> str:
        """What the command has written so far."""
        return self._said.read_text(encoding="utf-8")

    @staticmethod
    def password(name: str) -> str:
        """The password of one of the demo's people: executive, planner, integration or admin."""
        return f"{name}-demo"

    def __enter__(self) -> Self:
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self._running.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the demo did not start:\n{self.said}")
            time.sleep(0.2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """Press Ctrl-C and wait; return the exit status."""
        self._running.send_signal(signal.SIGINT)
        try:
            return self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._running.kill()
            return self._running.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "CONTROLTOWER_STATE": str(self._state)}
        for inherited in ("DATABASE_URL", "CONTROLTOWER_CONFIG", "CONTROLTOWER_DEMO_STATE"):
            environment.pop(inherited, None)
        with self._said.open("wb") as out:
            return subprocess.Popen(
                [sys.executable, "app.py", "run", "--demo", "--port", str(self._port)],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    """Return a port from which the tower and its whole network find theirs free."""
    for _ in range(200):
        port = random.randrange(FIRST_PORT, LAST_PORT, 200)
        if not any(taken(HOST, each) for each in Demo(port=port).ports):
            return port
    raise RuntimeError("no free block of ports for the demo")
