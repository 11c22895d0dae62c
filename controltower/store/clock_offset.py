"""By how much the clocks of polled systems differ from the tower's machine, as their own answers say."""

import datetime
from typing import NamedTuple

from sqlalchemy import Column, Connection, Float, Table, select

from controltower.store.bulk import REPLACE, write
from controltower.store.schema import Name, Timestamp, metadata, microseconds

clock_offset = Table(
    "clock_offset",
    metadata,
    Column("system", Name, primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("at", Timestamp, nullable=False),
)


class Offset(NamedTuple):
    """Seconds by which a system's clock is ahead (behind where less than nothing), and when that was seen."""

    system: str
    seconds: float
    at: datetime.datetime


def put(connection: Connection, each: Offset) -> None:
    """Write down the newest measurement of a system."""
    write(connection, clock_offset, [(each.system, each.seconds, microseconds(each.at))], REPLACE)


def every(connection: Connection) -> dict[str, Offset]:
    """The newest measurement of each system that says what time it has."""
    return {row[0]: Offset(*row) for row in connection.execute(select(clock_offset))}
