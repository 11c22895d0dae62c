"""Who did what, when and why: appended, never changed."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Column, Connection, Table, Text, insert, select

from controltower.store.schema import Name, Serial, Timestamp, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Timestamp, nullable=False, index=True),
    Column("who", Name, nullable=False),
    Column("action", Name, nullable=False),
    Column("target", Name, nullable=False),
    Column("detail", Text, nullable=False),
)


class Entry(NamedTuple):
    at: datetime.datetime
    who: str
    action: str
    target: str
    detail: str = ""


def write_down(connection: Connection, entry: Entry) -> None:
    """Append one entry."""
    connection.execute(insert(audit).values(**entry._asdict()))


def write_down_all(connection: Connection, entries: Sequence[Entry]) -> None:
    """Append many entries."""
    if entries:
        connection.execute(insert(audit), [each._asdict() for each in entries])


def latest(connection: Connection, limit: int = 100) -> list[Entry]:
    """The newest entries."""
    chosen = select(audit).order_by(audit.c.id.desc()).limit(limit)
    return [Entry(*row[1:]) for row in connection.execute(chosen)]
