"""What each connected system last said of itself: version, instance, settings, credentials, subscriptions."""

import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table, Text, select

from controltower.store.bulk import REPLACE, write
from controltower.store.schema import Json, Name, Timestamp, metadata, microseconds, write_json

connection = Table(
    "connection",
    metadata,
    Column("system", Name, primary_key=True),
    Column("probed_at", Timestamp, nullable=False),
    Column("answered_at", Timestamp),
    Column("error", Text, nullable=False),
    Column("version", Name, nullable=False),
    Column("version_before", Name, nullable=False),
    Column("version_at", Timestamp),
    Column("environment", Name, nullable=False),
    Column("instance", Name, nullable=False),
    Column("instance_at", Timestamp),
    Column("credential_expires_at", Timestamp),
    Column("certificate_expires_at", Timestamp),
    Column("settings", Name, nullable=False),
    Column("settings_agreed", Name, nullable=False),
    Column("settings_at", Timestamp),
    Column("subscriptions", Json),
    Column("subscribed_at", Timestamp),
    Column("unsubscribed_at", Timestamp),
)


class Report(NamedTuple):
    """The last word of one system of itself.

    `error`: why the last try failed, "" when it did not. `*_at`: since when it is so. `settings_agreed`: the hash of
    the settings that were there first. `subscriptions`: as the connector told them, None where it tells none.
    `subscribed_at`: when one was last seen alive, `unsubscribed_at`: since when none is."""

    system: str
    probed_at: datetime.datetime
    answered_at: datetime.datetime | None = None
    error: str = ""
    version: str = ""
    version_before: str = ""
    version_at: datetime.datetime | None = None
    environment: str = ""
    instance: str = ""
    instance_at: datetime.datetime | None = None
    credential_expires_at: datetime.datetime | None = None
    certificate_expires_at: datetime.datetime | None = None
    settings: str = ""
    settings_agreed: str = ""
    settings_at: datetime.datetime | None = None
    subscriptions: list[dict[str, Any]] | None = None
    subscribed_at: datetime.datetime | None = None
    unsubscribed_at: datetime.datetime | None = None


def every(db: Connection) -> dict[str, Report]:
    """The last word of each system."""
    return {row[0]: Report(*row) for row in db.execute(select(connection))}


def get(db: Connection, system: str) -> Report | None:
    row = db.execute(select(connection).where(connection.c.system == system)).first()
    return Report(*row) if row else None


def put(db: Connection, report: Report) -> None:
    """Write down a system's last word."""
    write(db, connection, [tuple(map(_stored, report))], REPLACE)


def _stored(held: Any) -> Any:
    if isinstance(held, datetime.datetime):
        return microseconds(held)
    return write_json(held) if isinstance(held, list) else held
