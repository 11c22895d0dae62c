"""How often each source speaks: lately, and by the hour of the week."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Float, Integer, Table, select, tuple_

from controltower.domain.pace import Pace
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import (
    AnyRow,
    Json,
    Name,
    Timestamp,
    metadata,
    microseconds,
    write_json,
)

pace = Table(
    "pace",
    metadata,
    Column("system", Name, primary_key=True),
    Column("channel", Name, primary_key=True),
    Column("since", Timestamp, nullable=False),
    Column("last_at", Timestamp, nullable=False),
    Column("last_message", BigInteger, nullable=False),
    Column("slot_at", Timestamp, nullable=False),
    Column("slots", Json, nullable=False),
    Column("gaps", Json, nullable=False),
    Column("peak", Float, nullable=False),
    sqlite_with_rowid=False,
)

# The counts of the last weeks for one hour of the week (0 is Monday's first, by the source's own clock).
baseline = Table(
    "baseline",
    metadata,
    Column("system", Name, primary_key=True),
    Column("channel", Name, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("counts", Json, nullable=False),
    sqlite_with_rowid=False,
)

Hour = tuple[str, str, int]  # system, channel, hour of the week


def every(connection: Connection) -> list[Pace]:
    """The pace of every channel that was ever heard."""
    return [_read(row) for row in connection.execute(select(pace))]


def of(connection: Connection, channels: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Pace]:
    """The pace of some channels, by system and channel."""
    wanted = tuple_(pace.c.system, pace.c.channel).in_(list(channels))
    return {(row.system, row.channel): _read(row) for row in connection.execute(select(pace).where(wanted))}


def put(connection: Connection, paces: Sequence[Pace]) -> None:
    """Write paces over what was known."""
    write(connection, pace, [_row(each) for each in paces], REPLACE)


def _row(each: Pace) -> tuple[Any, ...]:
    moments: tuple[datetime.datetime, ...] = (each.since, each.last_at)
    gaps = {str(bucket): count for bucket, count in each.gaps.items()}
    return (
        each.system, each.channel, *map(microseconds, moments), each.last_message, microseconds(each.slot_at),
        write_json(each.slots), write_json(gaps), each.peak,
    )  # fmt: skip


def _read(row: AnyRow) -> Pace:
    gaps = {int(bucket): count for bucket, count in row.gaps.items()}
    return Pace(
        row.system, row.channel, row.since, row.last_at, row.last_message, row.slot_at, tuple(row.slots), gaps,
        row.peak,
    )  # fmt: skip


def usual(connection: Connection, hours: Iterable[Hour]) -> dict[Hour, tuple[int, ...]]:
    """What other weeks brought in some hours of the week; those of which nothing is known are left out."""
    wanted = tuple_(baseline.c.system, baseline.c.channel, baseline.c.hour).in_(list(hours))
    rows = connection.execute(select(baseline).where(wanted))
    return {(row.system, row.channel, row.hour): tuple(row.counts) for row in rows}


def learn(connection: Connection, counts: Sequence[tuple[Hour, Sequence[int]]]) -> None:
    """Write what weeks brought in some hours over what was known."""
    write(connection, baseline, [(*hour, write_json(list(each))) for hour, each in counts], REPLACE)
