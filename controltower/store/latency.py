"""How long things took: DDSketches whose bins are rows, so that the database merges two of them by adding up."""

import datetime
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ddsketch import DDSketch
from ddsketch.mapping import LogarithmicMapping
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    case,
    delete,
    func,
    literal_column,
    select,
    type_coerce,
)

from controltower.domain.landscape import ANY_PLANT
from controltower.domain.latency import KINDS, Took
from controltower.store.bulk import ADD, write
from controltower.store.message import message
from controltower.store.schema import Name, Timestamp, inline, metadata, microseconds, moment

# Every quantile is exact to three per cent; a bin more or less is what the choice costs.
_ACCURACY = 0.03
_MAPPING = LogarithmicMapping(_ACCURACY)
# Whatever is shorter counts as a tenth of a millisecond.
_SHORTEST = 0.0001
# The bin of what never came to its end: beyond every real one.
NEVER = 1_000_000
MINUTE, HOUR = 60, 3600
KEPT = {MINUTE: datetime.timedelta(hours=9), HOUR: datetime.timedelta(days=92)}

latency = Table(
    "latency",
    metadata,
    # Each measurement is counted in its minute, which is kept for some hours, and in its hour, which is kept long.
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("kind", Name, primary_key=True),
    Column("at", Timestamp, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("target", Name, primary_key=True),
    Column("plant", Name, primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

Key = tuple[str, str, str]


class Spread(NamedTuple):
    """What came of some measurements: how many ended and how many never did; seconds within which half, 95 and 99 of a
    hundred ended, None where none did."""

    number: int = 0
    failed: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


def bucket_of(seconds: float) -> int:
    """The bin of a duration."""
    return int(_MAPPING.key(max(seconds, _SHORTEST)))


def seconds_of(bucket: int) -> float:
    """The duration that a bin stands for."""
    return float(_MAPPING.value(bucket))


def add(connection: Connection, at: datetime.datetime, measured: Iterable[Took]) -> None:
    """Count measurements as of one moment. One statement, however many; rows in one order, so that two writers never
    wait for each other in a ring."""
    counted = Counter(
        (each.kind, each.name, each.target, each.plant, NEVER if each.seconds is None else bucket_of(each.seconds))
        for each in measured
    )  # fmt: skip
    rows = [
        (span, kind, start_of(at, span), name, target, plant, bucket, count)
        for span in (MINUTE, HOUR)
        for (kind, name, target, plant, bucket), count in sorted(counted.items())
    ]
    write(connection, latency, rows, ADD)


def start_of(at: datetime.datetime, span: int) -> int:
    """The beginning of the minute, hour (or so many seconds) that a moment lies in, as it is stored."""
    held = microseconds(at)
    return held - held % (span * 1_000_000)


def span_of(since: datetime.datetime, now: datetime.datetime) -> int:
    """Which rows tell of a period: minutes for a short one, hours for any other."""
    return MINUTE if now - since <= datetime.timedelta(hours=2) else HOUR


def spreads(
    connection: Connection,
    kinds: Sequence[str],
    since: datetime.datetime,
    now: datetime.datetime,
    plants: Sequence[str] = (),
) -> dict[Key, Spread]:
    """By (kind, name, target), what was measured since a moment."""
    columns = (latency.c.kind, latency.c.name, latency.c.target)
    chosen = select(*columns, latency.c.bucket, func.sum(latency.c.count)).where(
        *_within(kinds, span_of(since, now), since, now), *_at(plants)
    )
    bins: dict[Key, dict[int, int]] = {}
    for kind, name, target, bucket, count in connection.execute(chosen.group_by(*columns, latency.c.bucket)):
        bins.setdefault((kind, name, target), {})[bucket] = int(count)
    return {key: spread_of(held) for key, held in bins.items()}


def by_system(
    connection: Connection,
    kinds: Sequence[str],
    since: datetime.datetime,
    now: datetime.datetime,
    system: str = "",
    span: int = MINUTE,
) -> dict[tuple[str, str], Spread]:
    """By (kind, system), what was measured in a period: of sources, and of targets over all routes."""
    id = case((latency.c.target != inline(""), latency.c.target), else_=latency.c.name)
    chosen = select(latency.c.kind, id.label("id"), latency.c.bucket, func.sum(latency.c.count)).where(
        *_within(kinds, span, since, now)
    )
    if system:
        chosen = chosen.where(id == system)
    bins: dict[tuple[str, str], dict[int, int]] = {}
    for kind, of, bucket, count in connection.execute(chosen.group_by(latency.c.kind, id, latency.c.bucket)):
        bins.setdefault((kind, of), {})[bucket] = int(count)
    return {key: spread_of(held) for key, held in bins.items()}


class Course(NamedTuple):
    """How one thing's latency went: what was measured in each stretch of time, by its beginning."""

    step: datetime.timedelta
    points: Mapping[datetime.datetime, Spread]


def course(
    connection: Connection,
    kind: str,
    since: datetime.datetime,
    now: datetime.datetime,
    *,
    name: str = "",
    target: str = "",
    plants: Sequence[str] = (),
    step: int = 0,
) -> dict[tuple[str, str], Course]:
    """By (name, target), how a kind of latency went since a moment, in steps of so many seconds."""
    step = step or step_of(since, now)
    span = HOUR if step % HOUR == 0 else MINUTE
    began = latency.c.at if step == span else _floor(step)
    columns = (latency.c.name, latency.c.target, began.label("began"))
    chosen = select(*columns, latency.c.bucket, func.sum(latency.c.count)).where(
        *_within((kind,), span, since, now), *_at(plants), *_named(name, target)
    )
    bins: dict[tuple[str, str], dict[datetime.datetime, dict[int, int]]] = {}
    rows = connection.execute(chosen.group_by(*columns, latency.c.bucket))
    for held, to, at, bucket, count in rows:
        at = at if isinstance(at, datetime.datetime) else moment(int(at))
        bins.setdefault((held, to), {}).setdefault(at, {})[bucket] = int(count)
    length = datetime.timedelta(seconds=step)
    return {
        key: Course(length, {at: spread_of(each) for at, each in sorted(held.items())})
        for key, held in bins.items()
    }


def step_of(since: datetime.datetime, now: datetime.datetime) -> int:
    """How long a stretch is worth a point of a chart: a minute in an hour, an hour in a day, more in a month."""
    length = (now - since).total_seconds()
    for most, step in (
        (2 * HOUR, MINUTE),
        (9 * HOUR, 10 * MINUTE),
        (72 * HOUR, HOUR),
        (240 * HOUR, 6 * HOUR),
    ):
        if length <= most:
            return step
    return 24 * HOUR


def _floor(step: int) -> ColumnElement[Any]:
    whole = type_coerce(latency.c.at, BigInteger)
    # Written out: PostgreSQL groups by an expression only if no parameter is in it.
    return whole - whole % literal_column(f"{step * 1_000_000}", BigInteger)


def counts(
    connection: Connection,
    kind: str,
    within: int,
    since: datetime.datetime,
    now: datetime.datetime,
    *,
    name: str = "",
    target: str = "",
    plants: Sequence[str] = (),
) -> tuple[int, int]:
    """How many of some measurements lie in the bins up to one (see `bucket_of`), and how many there are."""
    good = case((latency.c.bucket <= within, latency.c.count), else_=0)
    chosen = select(func.sum(good), func.sum(latency.c.count)).where(
        *_within((kind,), span_of(since, now), since, now), *_at(plants), *_named(name, target)
    )
    row = connection.execute(chosen).one()
    return int(row[0] or 0), int(row[1] or 0)


def beyond(
    connection: Connection,
    kind: str,
    within: int,
    since: datetime.datetime,
    now: datetime.datetime,
    *,
    name: str = "",
    target: str = "",
    plants: Sequence[str] = (),
) -> dict[tuple[str, str], int]:
    """By (name, target), how many measurements lie in the bins above one."""
    columns = (latency.c.name, latency.c.target)
    chosen = select(*columns, func.sum(latency.c.count)).where(
        *_within((kind,), span_of(since, now), since, now), *_at(plants), *_named(name, target),
        latency.c.bucket > within,
    )  # fmt: skip
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(chosen.group_by(*columns))}


def bins(
    connection: Connection,
    kind: str,
    since: datetime.datetime,
    now: datetime.datetime,
    *,
    name: str = "",
    target: str = "",
    plants: Sequence[str] = (),
) -> dict[int, int]:
    """How many measurements lie in each bin, `NEVER` among them."""
    chosen = select(latency.c.bucket, func.sum(latency.c.count)).where(
        *_within((kind,), span_of(since, now), since, now), *_at(plants), *_named(name, target)
    )
    rows = connection.execute(chosen.group_by(latency.c.bucket))
    return {row[0]: int(row[1]) for row in rows}


def first_at(connection: Connection, kind: str) -> datetime.datetime | None:
    """The hour of the first measurement of a kind that is kept."""
    chosen = select(latency.c.at).where(latency.c.span == HOUR, latency.c.kind == kind)
    found: datetime.datetime | None = connection.execute(chosen.order_by(latency.c.at).limit(1)).scalar()
    return found


def spread_of(bins: Mapping[int, int]) -> Spread:
    """What bins and their counts add up to."""
    failed = bins.get(NEVER, 0)
    sketch = DDSketch(_ACCURACY)
    for bucket, count in bins.items():
        if bucket != NEVER and count > 0:
            sketch.add(_MAPPING.value(bucket), float(count))
    number = int(sketch.count)
    if not number:
        return Spread(0, failed)
    p50, p95, p99 = (sketch.get_quantile_value(_nearest(share, number)) for share in (0.5, 0.95, 0.99))
    return Spread(number, failed, p50, p95, p99)


def _nearest(share: float, number: int) -> float:
    """The quantile at which the sketch tells the nearest rank: of few, the slowest is the 99th percentile."""
    rank = math.ceil(share * number) - 1
    return min((rank + 1e-6) / (number - 1), 1.0) if number > 1 else 0.0


def listens_since(connection: Connection) -> datetime.datetime | None:
    """When the first message of all came: what happened before is history, however late it is told."""
    found: datetime.datetime | None = connection.execute(
        select(message.c.received_at).order_by(message.c.id).limit(1)
    ).scalar()
    return found


def tidy(connection: Connection, now: datetime.datetime) -> None:
    """Forget what is older than it is kept."""
    for span, kept in KEPT.items():
        for kind in KINDS:
            old = (latency.c.span == span, latency.c.kind == kind, latency.c.at < now - kept)
            connection.execute(delete(latency).where(*old))


def _within(
    kinds: Sequence[str], span: int, since: datetime.datetime, now: datetime.datetime
) -> tuple[ColumnElement[bool], ...]:
    first = moment(start_of(since, span))
    return latency.c.span == span, latency.c.kind.in_(kinds), latency.c.at >= first, latency.c.at <= now


def _at(plants: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return (latency.c.plant.in_([*plants, ANY_PLANT, ""]),) if plants else ()


def _named(name: str, target: str) -> tuple[ColumnElement[bool], ...]:
    wanted = ((latency.c.name, name), (latency.c.target, target))
    return tuple(column == held for column, held in wanted if held)
