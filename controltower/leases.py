"""What this process alone may do: leases taken, renewed in good time, and given up at the end."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable

from sqlalchemy import Engine

from controltower.store import lease
from controltower.store.engine import reading, writing


def holder_name() -> str:
    """Names this process among all that share the database: machine, process, and a word that never repeats."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"


class Leases:
    """The leases that one process wants. `held` asks no database: what is past its time counts as lost."""

    def __init__(self, engine: Engine, names: Iterable[str], holder: str = "", seconds: float = 15.0) -> None:
        self.holder = holder or holder_name()
        self._engine = engine
        self._names = tuple(names)
        self._seconds = seconds
        self._until: dict[str, float] = {}
        self._guard = threading.Lock()

    def held(self, name: str) -> bool:
        """Whether this process may do the thing now."""
        return time.monotonic() < self._until.get(name, 0.0)

    def keep(self) -> None:
        """Take what is free and renew what has only a third of its time left. Called about every second."""
        with self._guard:
            now = time.monotonic()
            short = [name for name in self._names if self._until.get(name, 0.0) - now <= self._seconds / 3]
            wanted = self._free(short)
            if wanted:
                self._take(wanted, now)

    def release(self) -> None:
        """Give all of them up, so that the next process need not wait for them to lapse."""
        with self._guard:
            if self._until:
                with writing(self._engine) as connection:
                    lease.release(connection, self.holder)
            self._until.clear()

    def _free(self, names: list[str]) -> list[str]:
        # Read first: a process that stands by must not take the write lock every second.
        if not names:
            return []
        with reading(self._engine) as connection:
            return [name for name in names if lease.holder_of(connection, name) in (None, self.holder)]

    def _take(self, names: list[str], now: float) -> None:
        with writing(self._engine) as connection:
            taken = [name for name in names if lease.take(connection, name, self.holder, self._seconds)]
        for name in names:
            self._until.pop(name, None)
        self._until.update(dict.fromkeys(taken, now + self._seconds))
