"""Which process may do what only one may do: a lease by name, renewed while it is held, taken over when it lapses."""

import time

from sqlalchemy import Column, Connection, Float, Table, delete, select

from controltower.store.bulk import IGNORE, write
from controltower.store.schema import Name, metadata

# The things that only one process does at a time.
RECORD, DETECT = "record", "detect"


def poll_of(system: str) -> str:
    """The name of the lease to poll one system."""
    return f"poll:{system}"


lease = Table(
    "lease",
    metadata,
    Column("name", Name, primary_key=True),
    Column("holder", Name, nullable=False),
    Column("until", Float, nullable=False),  # real unix seconds: leases never run on a demo's fast clock
)


def take(connection: Connection, name: str, holder: str, seconds: float) -> bool:
    """Take or renew a lease; False when somebody else holds it."""
    now = time.time()
    write(connection, lease, [(name, holder, now + seconds)], IGNORE)
    changed = connection.execute(
        lease.update()
        .where(lease.c.name == name, (lease.c.holder == holder) | (lease.c.until < now))
        .values(holder=holder, until=now + seconds)
    )
    return changed.rowcount == 1


def release(connection: Connection, holder: str) -> None:
    """Give up all that a process held, so that the next one need not wait."""
    connection.execute(delete(lease).where(lease.c.holder == holder))


def holder_of(connection: Connection, name: str) -> str | None:
    """Who holds a lease now; None when nobody does."""
    row = connection.execute(select(lease).where(lease.c.name == name)).first()
    return row.holder if row and row.until >= time.time() else None
