"""Comparisons of whole systems with what is believed of them: each run, and the differences that are open."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Column, Connection, Index, Integer, Table, Text, delete, func, insert, select, update

from controltower.domain.comparison import Difference, Gap
from controltower.domain.subject import Subject
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import (
    AnyRow,
    Json,
    Name,
    Serial,
    Timestamp,
    metadata,
    microseconds,
    write_json,
)

ASKED, RUNNING, DONE, FAILED = "asked", "running", "done", "failed"
KEPT = datetime.timedelta(days=90)

comparison = Table(
    "comparison",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("system", Name, nullable=False),
    Column("who", Name, nullable=False),
    Column("state", Name, nullable=False),
    Column("asked_at", Timestamp, nullable=False),
    Column("began_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("read", Integer, nullable=False),
    Column("counts", Json, nullable=False),
    Column("words", Text, nullable=False),
)
Index("ix_comparison_system_id", comparison.c.system, comparison.c.id)

difference = Table(
    "difference",
    metadata,
    Column("system", Name, primary_key=True),
    Column("plant", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("kind", Name, nullable=False),
    Column("gaps", Json, nullable=False),
    Column("stamp", Timestamp, nullable=False),
    Column("since", Timestamp, nullable=False),
    Column("due_at", Timestamp),
    sqlite_with_rowid=False,
)


class Run(NamedTuple):
    """One comparison. `read`: records so far. `counts`: kind -> {"there", "here", "keys": whether the key hashes
    agree}, and under "differences" how many of which kind."""

    id: int
    system: str
    who: str
    state: str
    asked_at: datetime.datetime
    began_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    read: int = 0
    counts: Mapping[str, Any] = {}
    words: str = ""


def ask(connection: Connection, system: str, who: str, at: datetime.datetime) -> int:
    """Note down that a comparison is wanted; the one that is asked for already stands for it."""
    waiting = select(comparison.c.id).where(comparison.c.system == system, comparison.c.state == ASKED)
    known = connection.execute(waiting).scalar()
    if known is not None:
        return int(known)
    connection.execute(
        delete(comparison).where(comparison.c.system == system, comparison.c.asked_at < at - KEPT)
    )
    row = {"system": system, "who": who, "state": ASKED, "asked_at": at, "read": 0, "counts": {}, "words": ""}
    return int(connection.execute(insert(comparison).values(**row).returning(comparison.c.id)).scalar_one())


def asked(connection: Connection) -> list[Run]:
    """Those that wait for their turn."""
    chosen = select(comparison).where(comparison.c.state == ASKED).order_by(comparison.c.id)
    return [Run(*row) for row in connection.execute(chosen)]


def begin(connection: Connection, run: int, system: str, at: datetime.datetime) -> None:
    """Let a run begin; one of the system that never ended was interrupted."""
    cut = (comparison.c.system == system, comparison.c.state == RUNNING)
    connection.execute(update(comparison).where(*cut).values(state=FAILED, ended_at=at, words="interrupted"))
    connection.execute(update(comparison).where(comparison.c.id == run).values(state=RUNNING, began_at=at))


def go_on(connection: Connection, run: int, read: int) -> None:
    """Note down how far a run has come."""
    connection.execute(update(comparison).where(comparison.c.id == run).values(read=read))


def end(connection: Connection, run: Run) -> None:
    """Write down what came of a run."""
    held = run._asdict()
    held.pop("id")
    connection.execute(update(comparison).where(comparison.c.id == run.id).values(**held))


def get(connection: Connection, run: int) -> Run | None:
    row = connection.execute(select(comparison).where(comparison.c.id == run)).first()
    return Run(*row) if row else None


def latest(connection: Connection, system: str, limit: int = 10) -> list[Run]:
    """The newest runs of a system."""
    chosen = (
        select(comparison).where(comparison.c.system == system).order_by(comparison.c.id.desc()).limit(limit)
    )
    return [Run(*row) for row in connection.execute(chosen)]


def last_began(connection: Connection) -> dict[str, datetime.datetime]:
    """When each system was last compared."""
    chosen = select(comparison.c.system, func.max(comparison.c.began_at)).group_by(comparison.c.system)
    return {row[0]: row[1] for row in connection.execute(chosen) if row[1] is not None}


# ---- differences ----------------------------------------------------------------------------------------------------


def differences(connection: Connection, system: str = "") -> list[Difference]:
    """The open ones, of one system or of all."""
    chosen = select(difference).where(difference.c.system == system) if system else select(difference)
    return [
        _read(row) for row in connection.execute(chosen.order_by(difference.c.system, difference.c.subject))
    ]


def _read(row: AnyRow) -> Difference:
    gaps = tuple(msgspec.convert(row.gaps, list[Gap]))
    return Difference(
        row.system, Subject(row.plant, row.subject), row.kind, gaps, row.stamp, row.since, row.due_at
    )


def put(connection: Connection, found: Sequence[Difference]) -> None:
    """Write differences over what was known of their subjects."""
    write(connection, difference, [_row(each) for each in found], REPLACE)


def _row(each: Difference) -> tuple[Any, ...]:
    due = None if each.due_at is None else microseconds(each.due_at)
    return (
        each.system, *each.subject, each.kind, write_json(each.gaps), microseconds(each.stamp),
        microseconds(each.since), due,
    )  # fmt: skip


def drop(connection: Connection, gone: Iterable[Difference]) -> None:
    """Forget differences that are no more."""
    for each in gone:
        mine = (
            difference.c.system == each.system,
            difference.c.plant == each.subject.plant,
            difference.c.subject == each.subject.name,
        )
        connection.execute(delete(difference).where(*mine))
