"""Outages that people declare ahead, or while they last."""

import datetime
from collections.abc import Iterable

from sqlalchemy import Column, Connection, Index, Table, Text, insert, select, update

from controltower.domain.outage import Outage
from controltower.store.schema import AnyRow, Name, Serial, Timestamp, metadata

declared_outage = Table(
    "declared_outage",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("system", Name, nullable=False),
    Column("began_at", Timestamp, nullable=False),
    Column("until", Timestamp, nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Name, nullable=False),
    Column("declared_at", Timestamp, nullable=False),
    Column("ended_by", Name, nullable=False),
)
Index("ix_declared_outage_system_until", declared_outage.c.system, declared_outage.c.until)


def add(connection: Connection, outage: Outage) -> Outage:
    """Write down a new one. Returns it with its id."""
    held = {name: value for name, value in outage._asdict().items() if name != "id"}
    made = connection.execute(insert(declared_outage).values(**held)).inserted_primary_key
    return outage._replace(id=int(made[0]) if made else 0)


def end(connection: Connection, id: int, until: datetime.datetime, who: str) -> None:
    """Let one end at a moment."""
    mine = declared_outage.c.id == id
    connection.execute(update(declared_outage).where(mine).values(until=until, ended_by=who))


def lasting(connection: Connection, systems: Iterable[str], since: datetime.datetime) -> list[Outage]:
    """Those of some systems that last beyond a moment, also those still to come; the earliest first."""
    chosen = (
        select(declared_outage)
        .where(declared_outage.c.system.in_(sorted(systems)), declared_outage.c.until > since)
        .order_by(declared_outage.c.began_at)
    )
    return [_read(row) for row in connection.execute(chosen)]


def _read(row: AnyRow) -> Outage:
    return Outage(
        row.system, row.began_at, row.until, row.reason, row.who, row.declared_at, row.ended_by, row.id
    )
