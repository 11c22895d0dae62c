"""Canaries: what the tower sent to see whether it comes back, by system."""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Column, Connection, Index, Table, Text, delete, func, select, update

from controltower.store.schema import Name, Timestamp, metadata

canary = Table(
    "canary",
    metadata,
    Column("id", Name, primary_key=True),
    Column("system", Name, nullable=False),
    Column("sent_at", Timestamp, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("back_at", Timestamp),
)
Index("ix_canary_system_sent_at", canary.c.system, canary.c.sent_at)


class Canary(NamedTuple):
    """One canary. `trouble`: why it did not even leave, "" where its target took it; `back_at` None: not back yet."""

    id: str
    system: str
    sent_at: datetime.datetime
    trouble: str = ""
    back_at: datetime.datetime | None = None


def add(connection: Connection, each: Canary) -> None:
    """Write a canary down before it is sent."""
    connection.execute(canary.insert().values(**each._asdict()))


def failed(connection: Connection, id: str, trouble: str) -> None:
    """Write down that it did not leave."""
    connection.execute(update(canary).where(canary.c.id == id).values(trouble=trouble))


def back(connection: Connection, ids: Iterable[str], system: str, at: datetime.datetime) -> None:
    """Write down which have come back; a stranger's canary, or one that is back already, changes nothing."""
    mine = (canary.c.id.in_(list(ids)), canary.c.system == system, canary.c.back_at.is_(None))
    connection.execute(update(canary).where(*mine).values(back_at=at))


def latest(connection: Connection) -> dict[str, Canary]:
    """The last canary of each system."""
    newest = (
        select(canary.c.system, func.max(canary.c.sent_at).label("at")).group_by(canary.c.system).subquery()
    )
    same = (canary.c.system == newest.c.system) & (canary.c.sent_at == newest.c.at)
    return {row.system: Canary(*row) for row in connection.execute(select(canary).join(newest, same))}


def overdue(connection: Connection, sent_before: datetime.datetime) -> dict[str, Canary]:
    """Of each system the first canary that is missing since one last came back, if it was sent before a moment."""
    came = (
        select(canary.c.system, func.max(canary.c.sent_at).label("at"))
        .where(canary.c.back_at.is_not(None))
        .group_by(canary.c.system)
        .subquery()
    )
    missing = (
        select(canary)
        .outerjoin(came, canary.c.system == came.c.system)
        .where(
            canary.c.back_at.is_(None), canary.c.sent_at < sent_before,
            came.c.at.is_(None) | (canary.c.sent_at > came.c.at),
        )
        .order_by(canary.c.sent_at.desc())
    )  # fmt: skip
    return {row.system: Canary(*row) for row in connection.execute(missing)}


def of_system(connection: Connection, system: str, limit: int = 20) -> list[Canary]:
    """The last few canaries of a system, the newest first."""
    chosen = select(canary).where(canary.c.system == system).order_by(canary.c.sent_at.desc()).limit(limit)
    return [Canary(*row) for row in connection.execute(chosen)]


def forget(connection: Connection, before: datetime.datetime) -> None:
    """Drop canaries that nobody asks for any more."""
    connection.execute(delete(canary).where(canary.c.sent_at < before))
