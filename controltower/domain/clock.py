"""The clock every room asks for "now": real time, or a demo's faster virtual time read from a file."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clock:
    """now = virtual + (unix time - real) * speed; all three fields are unix seconds or a plain factor."""

    real: float = 0.0
    virtual: float = 0.0
    speed: float = 1.0
    time: Callable[[], float] = time.time

    @classmethod
    def load(cls, path: str | Path | None) -> Clock:
        """The clock written at `path`, or the real clock when there is no path or no file yet.

        Raises ValueError when the file is there and does not hold a clock.
        """
        if not path or not Path(path).exists():
            return cls()
        text = Path(path).read_text(encoding="utf-8")
        try:
            held = json.loads(text)
            return cls(float(held["real"]), float(held["virtual"]), float(held.get("speed", 1.0)))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no clock: {error}") from error

    def now(self) -> datetime:
        """The present moment of this clock, an aware UTC time."""
        return datetime.fromtimestamp(self.virtual + (self.time() - self.real) * self.speed, UTC)
