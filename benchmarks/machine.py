"""The machine's own facts: cores, versions, how often a second it makes bytes durable, how busy it is."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def fsync_rate(directory: Path, seconds: float = 1.5) -> float:
    """How often a second 512 bytes can be appended to a file and made durable (fdatasync)."""
    file = directory / "fsync-probe"
    block, count = b"x" * 512, 0
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        os.write(handle, block)
        os.fdatasync(handle)
        count += 1
    elapsed = time.perf_counter() - began
    os.close(handle)
    file.unlink()
    return count / elapsed


def facts(directory: Path) -> list[tuple[str, str]]:
    """What a reader must know to compare the figures with others."""
    one, _, _ = os.getloadavg()
    return [
        ("cores", f"{os.cpu_count()} ({_processor()})"),
        ("system", f"{platform.system()} {platform.release()}, Python {platform.python_version()}"),
        ("SQLite", sqlite3.sqlite_version),
        ("append 512 B + fdatasync", f"{fsync_rate(directory):,.0f}/s"),
        ("load average at the start", f"{one:.1f}"),
    ]


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if not told.exists():
        return platform.processor() or "unknown"
    lines = told.read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def busy_cores() -> list[float]:
    """Seconds that each core has worked since the machine started."""
    found = []
    for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines():
        if line.startswith("cpu") and line[3].isdigit():
            user, nice, system, _, _, hard, soft, *_ = map(int, line.split()[1:])
            found.append((user + nice + system + hard + soft) / TICKS)
    return found


class Cores:
    """How busy each core was, 0..1."""

    shares: tuple[float, ...] = ()

    def __str__(self) -> str:
        return " ".join(f"{share:.0%}" for share in self.shares)


@contextmanager
def watched_cores() -> Iterator[Cores]:
    """Watch the cores for as long as the block runs."""
    seen, before, began = Cores(), busy_cores(), time.perf_counter()
    yield seen
    elapsed = time.perf_counter() - began
    seen.shares = tuple((now - then) / elapsed for now, then in zip(busy_cores(), before, strict=True))


def quiet(limit: float = 1.5, patience: float = 0.0) -> bool:
    """Wait up to `patience` seconds for others to leave the machine alone; whether they do."""
    until = time.monotonic() + patience
    while os.getloadavg()[0] > limit and time.monotonic() < until:
        time.sleep(5)
    return os.getloadavg()[0] <= limit
