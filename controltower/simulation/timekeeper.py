"""Writes the clock file that the tower reads, and resumes virtual time where it last stood."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from controltower.domain.clock import Clock


class Timekeeper:
    """The network's running clock: anchored at a real moment, speed changeable, mirrored in a file."""

    def __init__(self, virtual: float, speed: float, path: Path | None) -> None:
        self._path = path
        self._clock = Clock(time.time(), virtual, speed)

    @property
    def speed(self) -> float:
        """Virtual seconds per real second."""
        return self._clock.speed

    def now(self) -> float:
        """Virtual unix seconds."""
        return self._clock.now().timestamp()

    def anchor(self, virtual: float, speed: float) -> None:
        """Let it be `virtual` now, running at `speed` from here on, and tell the clock file."""
        self._clock = Clock(time.time(), virtual, speed)
        self.write()

    def write(self) -> None:
        """Replace the clock file in one step, so that no reader sees half of it."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        held = {"real": self._clock.real, "virtual": self._clock.virtual, "speed": self._clock.speed}
        part = self._path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(held), encoding="utf-8")
        part.replace(self._path)


def iso(moment: float, milliseconds: bool = True) -> str:
    """Virtual unix seconds as RFC 3339 UTC with a Z."""
    spec = "milliseconds" if milliseconds else "seconds"
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def unix(text: str) -> float:
    """RFC 3339 text as unix seconds. Raises ValueError when it is no time or has no zone."""
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment.timestamp()
