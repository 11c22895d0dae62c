"""The clock every room asks for "now": real time, or a demo's faster virtual time read from a file."""

from __future__ import annotations

import json
import time as real_time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 1.0


class Anchor(NamedTuple):
    """It was `virtual` at `real`, and runs at `speed` since; the first two are unix seconds."""

    real: float = 0.0
    virtual: float = 0.0
    speed: float = 1.0


class Clock:
    """now = virtual + (unix time - real) * speed."""

    def __init__(
        self,
        real: float = 0.0,
        virtual: float = 0.0,
        speed: float = 1.0,
        time: Callable[[], float] = real_time.time,
    ) -> None:
        self._anchor = Anchor(real, virtual, speed)
        self.time = time

    @classmethod
    def load(cls, path: str | Path | None) -> Clock:
        """The clock written at `path`, followed when it is written anew; real time without a path or a file yet.

        Raises ValueError when the file is there and does not hold a clock.
        """
        return _FollowedClock(Path(path)) if path else cls()

    @property
    def anchor(self) -> Anchor:
        """Where it stood when, and its speed."""
        return self._anchor

    @property
    def real(self) -> float:
        return self.anchor.real

    @property
    def virtual(self) -> float:
        return self.anchor.virtual

    @property
    def speed(self) -> float:
        """Seconds of this clock per real second."""
        return self.anchor.speed

    def now(self) -> datetime:
        """The present moment of this clock, an aware UTC time."""
        real, virtual, speed = self.anchor
        return datetime.fromtimestamp(virtual + (self.time() - real) * speed, UTC)


class _FollowedClock(Clock):
    """The clock of a file: its owner may start again, or change the speed, while we run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._stamp = path, -1
        self._look()

    @property
    def anchor(self) -> Anchor:
        if real_time.monotonic() >= self._look_again:
            self._look()
        return self._anchor

    def _look(self) -> None:
        self._look_again = real_time.monotonic() + LOOK_SECONDS
        try:
            stamp = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if stamp != self._stamp:
            self._anchor, self._stamp = _anchor_in(self._path), stamp


def _anchor_in(path: Path) -> Anchor:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return Anchor(float(held["real"]), float(held["virtual"]), float(held.get("speed", 1.0)))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} holds no clock: {error}") from error
