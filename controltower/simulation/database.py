"""One system's own SQLite file: its records, numbers, agenda of things to do and letters to the tower."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Body = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS record (
    pk INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    changed REAL NOT NULL, live INTEGER NOT NULL, UNIQUE (kind, key));
CREATE INDEX IF NOT EXISTS record_changed ON record (kind, changed, pk);
CREATE INDEX IF NOT EXISTS record_live ON record (kind, pk) WHERE live = 1;
CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS agenda (id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS agenda_due ON agenda (due, id);
CREATE TABLE IF NOT EXISTS queued_event (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS letter (id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL,
    subject TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL, not_before REAL NOT NULL,
    waits INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS letter_pending ON letter (state, id);
CREATE TABLE IF NOT EXISTS taken (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, subject TEXT NOT NULL,
    what TEXT NOT NULL, at REAL NOT NULL, repeated INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL, answer TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS taken_key ON taken (key, id);
CREATE INDEX IF NOT EXISTS taken_subject ON taken (subject, id);
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS journal_at ON journal (at, id);
CREATE TABLE IF NOT EXISTS held (subject TEXT PRIMARY KEY, attributes TEXT NOT NULL, refs TEXT NOT NULL,
    changed REAL NOT NULL);
CREATE INDEX IF NOT EXISTS held_changed ON held (changed, subject);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Something a system has to do when the virtual time reaches `due` (unix seconds)."""

    id: int
    due: float
    kind: str
    body: Body


class SystemDatabase:
    """One connection shared by a system's threads, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Close the file; the object is of no use afterwards."""
        with self.lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another joins it."""
        with self.lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute one statement and return its rows."""
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def next_number(self, name: str, start: int = 1) -> int:
        """The next number of a counter, `start` at first."""
        found = self.run(
            "INSERT INTO number VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last",
            (name, start),
        )
        return int(found[0][0])

    def put(self, kind: str, key: str, body: Body, at: float, live: bool = True) -> None:
        """Write a record, changed at virtual time `at`; `live` is whether it still concerns daily work."""
        self.run(
            "INSERT INTO record (kind, key, body, changed, live) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, changed = excluded.changed, "
            "live = excluded.live",
            (kind, key, json.dumps(body), at, int(live)),
        )

    def get(self, kind: str, key: str) -> Body | None:
        """One record's body with its `pk`, or None."""
        found = self.run("SELECT pk, body FROM record WHERE kind = ? AND key = ?", (kind, key))
        return _bodies(found)[0] if found else None

    def live(self, kind: str) -> list[Body]:
        """The live records of a kind, oldest first."""
        return _bodies(
            self.run("SELECT pk, body FROM record WHERE kind = ? AND live = 1 ORDER BY pk", (kind,))
        )

    def listed(self, kind: str) -> list[Body]:
        """All records of a kind by pk."""
        return _bodies(self.run("SELECT pk, body FROM record WHERE kind = ? ORDER BY pk", (kind,)))

    def delete(self, kind: str, key: str) -> None:
        """Remove a record for good."""
        self.run("DELETE FROM record WHERE kind = ? AND key = ?", (kind, key))

    def page(self, kind: str, since: float, limit: int, offset: int) -> tuple[int, list[Body]]:
        """Records changed at or after `since`, oldest change first: how many in all, and one page of them."""
        where = "FROM record WHERE kind = ? AND changed >= ?"
        with self.lock:
            total = int(self.run(f"SELECT count(*) {where}", (kind, since))[0][0])
            rows = self.run(
                f"SELECT pk, body {where} ORDER BY changed, pk LIMIT ? OFFSET ?", (kind, since, limit, offset)
            )
        return total, _bodies(rows)

    def newest_change(self) -> float:
        """When the youngest change was made, 0 without any: after a crash time must not stand before it."""
        return float(self.run("SELECT coalesce(max(changed), 0) FROM record")[0][0])

    def plan_job(self, due: float, kind: str, body: Body) -> None:
        """Put something on the agenda."""
        self.run("INSERT INTO agenda (due, kind, body) VALUES (?, ?, ?)", (due, kind, json.dumps(body)))

    def next_job(self, until: float) -> Job | None:
        """The earliest job due at or before `until`, left on the agenda."""
        found = self.run(
            "SELECT id, due, kind, body FROM agenda WHERE due <= ? ORDER BY due, id LIMIT 1", (until,)
        )
        return Job(found[0][0], found[0][1], found[0][2], json.loads(found[0][3])) if found else None

    def job_done(self, job: Job) -> None:
        """Take a job off the agenda."""
        self.run("DELETE FROM agenda WHERE id = ?", (job.id,))

    def postpone(self, seconds: float) -> None:
        """Put off all that stands on the agenda and all letters that wait for their time."""
        with self.transaction():
            self.run("UPDATE agenda SET due = due + ?", (seconds,))
            self.run("UPDATE letter SET not_before = not_before + ? WHERE not_before > 0", (seconds,))

    def forget_jobs(self, kind: str) -> None:
        """Take all jobs of a kind off the agenda."""
        self.run("DELETE FROM agenda WHERE kind = ?", (kind,))


def _bodies(rows: list[tuple[Any, ...]]) -> list[Body]:
    return [{**json.loads(body), "pk": pk} for pk, body in rows]
