"""Keeps the programs of one tower running: starts them, starts again what dies, and stops them all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

STOP_SECONDS = 9.0
LOOK_SECONDS = 0.2
LONGEST_PAUSE = 30.0
# A program that ran this long was healthy: its next death is a first one again.
HEALTHY_SECONDS = 60.0
LARGEST_LOG = 20 * 2**20
_PR_SET_PDEATHSIG = 1


class ProgramFailed(Exception):
    """A program ended while it was being started; the message carries the end of its log."""


@dataclass(frozen=True)
class Program:
    """One program to keep running. `log`: the file for what it says; None lets it speak on our own output."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path | None = None

    def tail(self, lines: int = 12) -> str:
        """The end of its log."""
        if self.log is None or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


@dataclass
class _Child:
    program: Program
    running: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    """Its methods are called from the main thread only: a child dies with the thread that started it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[_Child] = []
        self._stop = threading.Event()

    def listen_for_signals(self) -> None:
        """Let SIGTERM and Ctrl-C end `watch`; a second one ends the programs without mercy."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)

    @property
    def stopping(self) -> bool:
        """Whether somebody asked us to stop."""
        return self._stop.is_set()

    def start(self, program: Program) -> None:
        """Start a program in a process group of its own."""
        self._children.append(_Child(program, _spawn(program), time.monotonic()))

    def wait_for(self, program: Program, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait until a started program is ready; False when asked to stop meanwhile.

        Raises ProgramFailed when it ends, or is not ready in time."""
        child = next(child for child in self._children if child.program is program)
        deadline = time.monotonic() + seconds
        while not ready():
            if self._stop.wait(0.1):
                return False
            if child.running.poll() is not None:
                raise ProgramFailed(
                    f"{program.name} ended with status {child.running.returncode}\n{program.tail()}"
                )
            if time.monotonic() > deadline:
                raise ProgramFailed(f"{program.name} was not ready within {seconds:.0f} s\n{program.tail()}")
        return True

    def watch(self) -> None:
        """Start again what dies, until asked to stop."""
        while not self._stop.wait(LOOK_SECONDS):
            for child in self._children:
                self._look_after(child)

    def stop(self) -> None:
        """Ask all programs to end, make those end that do not, and leave none of their children behind."""
        self._stop.set()
        for child in self._children:
            child.running.terminate()  # the leader alone: it ends its own children in its own order
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.running.wait(max(0.0, deadline - time.monotonic()))
        for child in self._children:
            if child.running.poll() is None:
                self._say(f"{child.program.name} did not end in time and is ended now")
            _signal_group(child.running, signal.SIGKILL)
            child.running.wait()
        self._children.clear()

    def _asked_to_stop(self, number: int, _frame: object) -> None:
        if self._stop.is_set() and number == signal.SIGINT:
            for child in self._children:
                _signal_group(child.running, signal.SIGKILL)
        self._stop.set()

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.again_at is not None:
            if now >= child.again_at:
                child.running, child.started, child.again_at = _spawn(child.program), now, None
            return
        status = child.running.poll()
        if status is None:
            return
        _signal_group(child.running, signal.SIGKILL)  # what it started itself goes with it
        child.deaths = 1 if now - child.started > HEALTHY_SECONDS else child.deaths + 1
        pause = min(LONGEST_PAUSE, 2.0 ** (child.deaths - 1))
        child.again_at = now + pause
        where = f"; its log: {child.program.log}" if child.program.log else ""
        self._say(f"{child.program.name} ended with status {status}, starts again in {pause:.0f} s{where}")


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    with contextlib.ExitStack() as files:
        out = files.enter_context(_opened(program.log)) if program.log else None
        return subprocess.Popen(
            list(program.command),
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT if out else None,
            process_group=0,  # Ctrl-C reaches us alone, and we stop the others in order
            preexec_fn=_dying_with(os.getpid()),
        )


def _opened(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))
    return log.open("ab")


def _dying_with(parent: int) -> Callable[[], None] | None:
    """For a new child: let the kernel end it when we are gone, however we went (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # we were gone before it could ask
            os._exit(1)

    return arrange


def die_with_parent() -> None:
    """Let the kernel end this very process when its parent is gone (Linux); for the workers of a web server."""
    arrange = _dying_with(os.getppid())
    if arrange is not None:
        arrange()


def _signal_group(running: subprocess.Popen[bytes], number: int) -> None:
    # The group outlives its leader while any member does; where none is left there is nothing to end.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(running.pid, number)
