"""What the tower brought to one simulated system: a durable record, and the same answer to the same key."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from controltower.simulation.database import Body, SystemDatabase

_ROWS = "SELECT id, key, subject, what, at, repeated, body FROM taken"


class Kept(NamedTuple):
    """What came with a key (its fingerprint, what it was about and what it was), and what was answered."""

    fingerprint: str
    subject: str
    what: str
    status: int
    answer: Any


class Inbox:
    """One system's record of messages taken from the tower, oldest first."""

    def __init__(self, database: SystemDatabase) -> None:
        self._db = database
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def known(self, key: str) -> Kept | None:
        """What was answered when this key came first."""
        found = self._db.run(
            "SELECT fingerprint, subject, what, status, answer FROM taken WHERE key = ? ORDER BY id LIMIT 1",
            (key,),
        )
        if not key or not found:
            return None
        mark, subject, what, status, answer = found[0]
        return Kept(mark, subject, what, status, json.loads(answer))

    def note(self, key: str, kept: Kept, body: bytes, at: float, repeated: bool = False) -> None:
        """Write down a message that was taken, in the transaction of what it did. `repeated`: it did nothing more."""
        self._db.run(
            "INSERT INTO taken (key, subject, what, at, repeated, fingerprint, status, answer, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (key, kept.subject, kept.what, at, int(repeated), kept.fingerprint, kept.status,
             json.dumps(kept.answer), body.decode("utf-8", "replace")),
        )  # fmt: skip

    def taken(self, subject: str = "") -> list[Body]:
        """Each message taken: `key, subject, what, at, repeated, body`; of one subject or of all."""
        where, values = (" WHERE subject = ?", (subject,)) if subject else ("", ())
        rows = self._db.run(f"{_ROWS}{where} ORDER BY id", values)
        return [
            {"id": row[0], "key": row[1], "subject": row[2], "what": row[3], "at": row[4],
             "repeated": bool(row[5]), "body": row[6]}
            for row in rows
        ]  # fmt: skip

    @contextmanager
    def alone(self, key: str) -> Iterator[bool]:
        """Whether nobody else is busy with this key; while we are, nobody else will be."""
        with self._lock:
            first = key not in self._running
            if first:
                self._running.add(key)
        try:
            yield first
        finally:
            if first:
                with self._lock:
                    self._running.discard(key)


class Refused(Exception):
    """What a system will not take: status 4xx and its own words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def fingerprint(*parts: bytes | str) -> str:
    """What is equal when the same request comes again."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()


def bare(key: str) -> str:
    """An idempotency key without the quotes of a structured field."""
    return key.strip().strip('"')
