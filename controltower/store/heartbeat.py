"""When each source last said that it is alive."""

import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Table, select

from controltower.store.bulk import REPLACE, write
from controltower.store.schema import Name, Timestamp, metadata, microseconds

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("system", Name, primary_key=True),
    Column("last_at", Timestamp, nullable=False),
    Column("beats", BigInteger, nullable=False),
)


class Heartbeat(NamedTuple):
    """The last heartbeat of a system, and how many there were."""

    system: str
    last_at: datetime.datetime
    beats: int


def every(connection: Connection) -> dict[str, Heartbeat]:
    """The heartbeats of all systems that ever sent one."""
    return {row.system: Heartbeat(*row) for row in connection.execute(select(heartbeat))}


def keep(connection: Connection, system: str, at: datetime.datetime, beats: int) -> None:
    """Write down that a system is alive. One that was heard of before, in a ledger told anew, changes nothing."""
    row = connection.execute(select(heartbeat).where(heartbeat.c.system == system)).first()
    known = Heartbeat(*row) if row else None
    if known is None or at > known.last_at:
        count = beats + (known.beats if known else 0)
        write(connection, heartbeat, [(system, microseconds(at), count)], REPLACE)
