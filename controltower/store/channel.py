"""How each source is doing: when it was last heard, how far it was read, and when it was out of reach."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Index, Integer, Select, Table, Text, func, select, update

from controltower.store.bulk import REPLACE, write
from controltower.store.schema import Json, Name, Serial, Timestamp, metadata, microseconds, write_json

HOOK, POLL = "hook", "poll"
# Why a webhook was turned away at the door.
SIGNATURE = "signature"

channel = Table(
    "channel",
    metadata,
    Column("system", Name, primary_key=True),
    Column("channel", Name, primary_key=True),
    Column("last_attempt_at", Timestamp),
    Column("last_success_at", Timestamp),
    Column("last_message_at", Timestamp),
    Column("failures", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("error_kind", Name, nullable=False),
    Column("next_at", Timestamp),
    Column("messages", Serial, nullable=False),
    Column("duplicates", Serial, nullable=False),
    Column("refused", Serial, nullable=False),
    # Since the last good one.
    Column("bad_signatures", Integer, nullable=False),
)

cursor = Table(
    "poll_cursor",
    metadata,
    Column("system", Name, primary_key=True),
    Column("resource", Name, primary_key=True),
    Column("cursor", Json, nullable=False),
    Column("moved_at", Timestamp, nullable=False),
)

# What a polled source held at the last look: tells what changed (by content, for stamps lie) and what is gone.
holding = Table(
    "holding",
    metadata,
    Column("system", Name, primary_key=True),
    Column("resource", Name, primary_key=True),
    Column("native_id", Name, primary_key=True),
    Column("digest", Name, nullable=False),
    Column("subject", Name, nullable=False),
    sqlite_with_rowid=False,
)

# When a source could not be read. Kept for good: causes of past drift are told from it.
outage = Table(
    "outage",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("system", Name, nullable=False),
    Column("channel", Name, nullable=False),
    Column("kind", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("began_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
)
Index("ix_outage_system_began_at", outage.c.system, outage.c.began_at)


class Channel(NamedTuple):
    """One way by which one system is heard. Counts are since the beginning."""

    system: str
    channel: str
    last_attempt_at: datetime.datetime | None = None
    last_success_at: datetime.datetime | None = None
    last_message_at: datetime.datetime | None = None
    failures: int = 0
    last_error: str = ""
    error_kind: str = ""
    next_at: datetime.datetime | None = None
    messages: int = 0
    duplicates: int = 0
    refused: int = 0
    bad_signatures: int = 0


# Stands for the digest of a record that is gone, so that it is known again when it comes back.
_GONE = "gone"


class Holding(NamedTuple):
    native_id: str
    digest: str
    subject: str

    @property
    def is_gone(self) -> bool:
        return self.digest == _GONE


class Outage(NamedTuple):
    system: str
    channel: str
    kind: str
    reason: str
    began_at: datetime.datetime
    ended_at: datetime.datetime | None


def every(connection: Connection) -> dict[tuple[str, str], Channel]:
    """All channels that were ever heard or tried."""
    return {(row[0], row[1]): Channel(*row) for row in connection.execute(select(channel))}


def get(connection: Connection, system: str, name: str) -> Channel:
    """One channel; a fresh one if it was never used."""
    row = connection.execute(_one(system, name)).first()
    return Channel(*row) if row else Channel(system, name)


def to_change(connection: Connection, system: str, name: str) -> Channel:
    """One channel that nobody else changes until this transaction ends; a fresh one if it was never used."""
    row = connection.execute(_one(system, name).with_for_update()).first()
    return Channel(*row) if row else Channel(system, name)


def _one(system: str, name: str) -> Select[Any]:
    return select(channel).where(channel.c.system == system, channel.c.channel == name)


def put(connection: Connection, each: Channel) -> None:
    """Write down how a channel is doing."""
    write(connection, channel, [_row(each)], REPLACE)


def _row(each: Channel) -> tuple[Any, ...]:
    times = (each.last_attempt_at, each.last_success_at, each.last_message_at)
    return (
        each.system, each.channel, *(None if at is None else microseconds(at) for at in times), each.failures,
        each.last_error, each.error_kind, None if each.next_at is None else microseconds(each.next_at),
        each.messages, each.duplicates, each.refused, each.bad_signatures,
    )  # fmt: skip


class News(NamedTuple):
    """What the webhooks of one system brought: when the last one came, how many messages, how many repeats in them."""

    at: datetime.datetime
    messages: int
    duplicates: int


def heard(connection: Connection, news: Mapping[str, News]) -> None:
    """Count what webhooks brought, by system."""
    chosen = select(channel).where(channel.c.system.in_(list(news)), channel.c.channel == HOOK)
    # SQLite has but one writer. On PostgreSQL the rows are held, always in the same order: no deadlock.
    held = connection.execute(chosen.order_by(channel.c.system).with_for_update())
    known = {row[0]: Channel(*row) for row in held}
    rows = []
    for system, (at, messages, duplicates) in news.items():
        old = known.get(system) or Channel(system, HOOK)
        new = old._replace(
            last_attempt_at=at, last_success_at=at, last_message_at=at, failures=0, last_error="", error_kind="",
            messages=old.messages + messages, duplicates=old.duplicates + duplicates, bad_signatures=0,
        )  # fmt: skip
        rows.append(_row(new))
    write(connection, channel, rows, REPLACE)


def refused(
    connection: Connection, system: str, at: datetime.datetime, kind: str, reason: str, times: int
) -> None:
    """Count what was turned away at the door; nothing else is kept of it."""
    old = to_change(connection, system, HOOK)
    changed = old._replace(
        last_attempt_at=at,
        last_error=reason,
        error_kind=kind,
        refused=old.refused + times,
        bad_signatures=old.bad_signatures + (times if kind == SIGNATURE else 0),
    )
    put(connection, changed)


class Mark(NamedTuple):
    """How far a polled list has been read, and when that was."""

    cursor: Mapping[str, Any]
    moved_at: datetime.datetime


def marks(connection: Connection, system: str, resource: str = "") -> dict[str, Mark]:
    """How far each polled list of a system has been read, or one of them."""
    chosen = select(cursor).where(cursor.c.system == system)
    if resource:
        chosen = chosen.where(cursor.c.resource == resource)
    return {row.resource: Mark(row.cursor, row.moved_at) for row in connection.execute(chosen)}


class ReadingMark(NamedTuple):
    """How far one polled list has been read, and how many records it held at the last look."""

    resource: str
    cursor: Mapping[str, Any]
    moved_at: datetime.datetime
    held: int


def reading_marks(connection: Connection, system: str) -> list[ReadingMark]:
    """How far each polled list of a system has been read."""
    counted = (
        select(holding.c.resource, func.count())
        .where(holding.c.system == system, holding.c.digest != _GONE)
        .group_by(holding.c.resource)
    )
    held = {row[0]: row[1] for row in connection.execute(counted)}
    chosen = select(cursor).where(cursor.c.system == system).order_by(cursor.c.resource)
    return [
        ReadingMark(row.resource, row.cursor, row.moved_at, held.get(row.resource, 0))
        for row in connection.execute(chosen)
    ]


def move_cursor(
    connection: Connection, system: str, resource: str, value: Mapping[str, Any], at: datetime.datetime
) -> None:
    """Move a watermark, in the transaction that stores what was read up to it."""
    write(connection, cursor, [(system, resource, write_json(value), microseconds(at))], REPLACE)


def held_now(connection: Connection, system: str, resource: str) -> dict[str, Holding]:
    """All that a source held at the last look."""
    chosen = _holdings(system, resource).where(holding.c.digest != _GONE)
    return {row[0]: Holding(*row) for row in connection.execute(chosen)}


def _holdings(system: str, resource: str) -> Select[Any]:
    return select(holding.c.native_id, holding.c.digest, holding.c.subject).where(
        holding.c.system == system, holding.c.resource == resource
    )


def held(connection: Connection, system: str, resource: str, native_ids: Iterable[str]) -> dict[str, Holding]:
    """Some records of a source as they were at the last look, or before they went."""
    chosen = _holdings(system, resource)
    wanted, found = list(native_ids), {}
    for start in range(0, len(wanted), 500):
        some = chosen.where(holding.c.native_id.in_(wanted[start : start + 500]))
        found.update({row[0]: Holding(*row) for row in connection.execute(some)})
    return found


def hold(connection: Connection, system: str, resource: str, holdings: Sequence[Holding]) -> None:
    """Write down what a source holds now."""
    write(connection, holding, [(system, resource, *each) for each in holdings], REPLACE)


def let_go(connection: Connection, system: str, resource: str, native_ids: Sequence[str]) -> None:
    """Remember of some records that the source no longer holds them."""
    for start in range(0, len(native_ids), 500):
        chunk = native_ids[start : start + 500]
        mine = (holding.c.system == system, holding.c.resource == resource, holding.c.native_id.in_(chunk))
        connection.execute(update(holding).where(*mine).values(digest=_GONE))


def begin_outage(connection: Connection, each: Outage) -> None:
    """Write down that a source went out of reach."""
    connection.execute(outage.insert().values(**each._asdict()))


def end_outage(connection: Connection, system: str, name: str, at: datetime.datetime) -> None:
    """Write down that a source is back."""
    lasting = (outage.c.system == system, outage.c.channel == name, outage.c.ended_at.is_(None))
    connection.execute(update(outage).where(*lasting).values(ended_at=at))


def outages(connection: Connection, system: str, since: datetime.datetime, limit: int = 50) -> list[Outage]:
    """The outages of a system that had not ended before a moment, newest first."""
    chosen = (
        select(outage)
        .where(outage.c.system == system, (outage.c.ended_at.is_(None)) | (outage.c.ended_at > since))
        .order_by(outage.c.began_at.desc())
        .limit(limit)
    )
    return [Outage(*row[1:]) for row in connection.execute(chosen)]
