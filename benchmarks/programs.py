"""What running programs use, read from /proc: their processes, CPU time and memory."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.machine import TICKS

_GONE = (FileNotFoundError, ProcessLookupError)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    parents = dict(_parents())
    found, level = [], {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found += sorted(level)
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(*_GONE):
                yield int(entry.name), int(_stat(int(entry.name))[1])


def _stat(pid: int) -> list[str]:
    # The command may hold blanks and brackets: what follows its last bracket is regular.
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def command(pid: int) -> str:
    with suppress(*_GONE):
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    return ""


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of some processes, user and system."""
    total = 0
    for pid in pids:
        with suppress(*_GONE):
            held = _stat(pid)
            total += int(held[11]) + int(held[12])
    return total / TICKS


def memory(pid: int) -> tuple[float, float]:
    """(RSS, PSS) of a process in MiB; PSS shares what several processes hold together. (0, 0) once it is gone."""
    with suppress(*_GONE):
        told = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
        held = {line.split(":")[0]: line.split()[1] for line in told.splitlines()[1:]}
        return int(held["Rss"]) / 1024, int(held["Pss"]) / 1024
    return 0.0, 0.0


def kill(pids: Iterable[int]) -> None:
    """End processes without a word."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie counts as ended)."""
    with suppress(*_GONE):
        return _stat(pid)[0] == "Z"
    return True
