"""Every call between the tower and a system, counted by hour and outcome; the failed ones as rows of their own."""

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Index, Integer, Table, Text, delete, func, select

from controltower.domain.failure import fingerprint
from controltower.store.bulk import ADD, write
from controltower.store.latency import HOUR, start_of
from controltower.store.schema import Name, Serial, Timestamp, metadata

# By which way: a webhook that came, a source that was read, a target that was told.
HOOK, POLL, SEND = "hook", "poll", "send"
WAYS = (HOOK, POLL, SEND)
# The class of a call without an answer.
NO_ANSWER = "none"
KEPT, ROWS_KEPT = datetime.timedelta(days=92), datetime.timedelta(days=30)

call_count = Table(
    "call_count",
    metadata,
    Column("at", Timestamp, primary_key=True),
    Column("system", Name, primary_key=True),
    Column("way", Name, primary_key=True),
    Column("route", Name, primary_key=True),
    Column("status", Name, primary_key=True),
    Column("error", Name, primary_key=True),
    Column("fingerprint", Name, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

call_failure = Table(
    "call_failure",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Timestamp, nullable=False),
    Column("system", Name, nullable=False),
    Column("way", Name, nullable=False),
    Column("route", Name, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", Name, nullable=False),
    Column("fingerprint", Name, nullable=False),
    Column("words", Text, nullable=False),
    Column("reference", Serial),
    Column("number", Integer, nullable=False),
)
Index("ix_call_failure_fingerprint_at", call_failure.c.fingerprint, call_failure.c.at)
Index("ix_call_failure_at", call_failure.c.at)


class Call(NamedTuple):
    """One call and what came of it, or `number` of them alike. `status`: of HTTP, 0 where none came. `error`: the class
    of a failure, "" where it went well; `reference`: the delivery (way "send") or message (way "hook")."""

    at: datetime.datetime
    system: str
    way: str
    status: int
    route: str = ""
    error: str = ""
    fingerprint: str = ""
    words: str = ""
    reference: int | None = None
    number: int = 1

    @property
    def status_class(self) -> str:
        return f"{self.status // 100}xx" if self.status else NO_ANSWER


def add(connection: Connection, made: Iterable[Call]) -> None:
    """Count calls, and write the failed ones down."""
    counted: Counter[tuple[Any, ...]] = Counter()
    failed: list[Call] = []
    for each in made:
        hour = start_of(each.at, HOUR)
        key = (each.system, each.way, each.route, each.status_class, each.error, each.fingerprint)
        counted[hour, *key] += each.number
        if each.error:
            failed.append(each)
    write(connection, call_count, [(*key, count) for key, count in sorted(counted.items())], ADD)
    if failed:
        connection.execute(call_failure.insert(), [_row(each) for each in failed])


def _row(each: Call) -> dict[str, Any]:
    return {**each._asdict(), "words": each.words[:500]}


def pattern_of(system: str, way: str, error: str, words: str) -> str:
    """The fingerprint of failures of a way in: alike are those of one class whose words differ in numbers only."""
    return fingerprint(way, system, error, words)


class Pattern(NamedTuple):
    """Failures that are alike: where, of which class, how many in the period."""

    system: str
    way: str
    route: str
    status: str
    error: str
    fingerprint: str
    number: int


class Traffic(NamedTuple):
    """All calls of one way to or from a system, by class of status; `failed` are those of an error."""

    system: str
    way: str
    status: str
    number: int
    failed: int


def patterns(
    connection: Connection, since: datetime.datetime, systems: Sequence[str] = (), limit: int = 200
) -> list[Pattern]:
    """The failures since a moment (whole hours), the most frequent first."""
    at = call_count.c
    columns = (at.system, at.way, at.route, at.status, at.error, at.fingerprint)
    number = func.sum(at.count)
    chosen = select(*columns, number).where(at.at >= _hour(since), at.error != "").group_by(*columns)
    if systems:
        chosen = chosen.where(at.system.in_(systems))
    rows = connection.execute(chosen.order_by(number.desc(), at.fingerprint).limit(limit))
    return [Pattern(*row[:6], int(row[6])) for row in rows]


def traffic(connection: Connection, since: datetime.datetime, systems: Sequence[str] = ()) -> list[Traffic]:
    """All calls since a moment (whole hours), by system, way and class of status."""
    at = call_count.c
    columns = (at.system, at.way, at.status, at.error)
    chosen = select(*columns, func.sum(at.count)).where(at.at >= _hour(since)).group_by(*columns)
    if systems:
        chosen = chosen.where(at.system.in_(systems))
    found: Counter[tuple[str, str, str]] = Counter()
    failed: Counter[tuple[str, str, str]] = Counter()
    for system, way, status, error, count in connection.execute(chosen):
        found[system, way, status] += int(count)
        failed[system, way, status] += int(count) if error else 0
    return [Traffic(*key, number, failed[key]) for key, number in sorted(found.items())]


def course(
    connection: Connection,
    since: datetime.datetime,
    *,
    systems: Sequence[str] = (),
    pattern: str = "",
) -> dict[tuple[str, datetime.datetime], int]:
    """How many calls failed in each hour, by (system, hour)."""
    at = call_count.c
    chosen = select(at.system, at.at, func.sum(at.count)).where(at.at >= _hour(since), at.error != "")
    if systems:
        chosen = chosen.where(at.system.in_(systems))
    if pattern:
        chosen = chosen.where(at.fingerprint == pattern)
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(chosen.group_by(at.system, at.at))}


def courses(
    connection: Connection, since: datetime.datetime, systems: Sequence[str] = ()
) -> dict[str, dict[datetime.datetime, int]]:
    """By pattern, how many calls failed in each hour."""
    at = call_count.c
    chosen = select(at.fingerprint, at.at, func.sum(at.count)).where(at.at >= _hour(since), at.error != "")
    if systems:
        chosen = chosen.where(at.system.in_(systems))
    found: dict[str, dict[datetime.datetime, int]] = {}
    for pattern, hour, count in connection.execute(chosen.group_by(at.fingerprint, at.at)):
        found.setdefault(pattern, {})[hour] = int(count)
    return found


class Failure(NamedTuple):
    """One failed call, or `number` of them that came at once."""

    id: int
    at: datetime.datetime
    system: str
    way: str
    route: str
    status: int
    error: str
    fingerprint: str
    words: str
    reference: int | None
    number: int


def failures(
    connection: Connection, pattern: str, since: datetime.datetime, limit: int = 100
) -> list[Failure]:
    """The failed calls of one pattern since a moment, newest first."""
    chosen = (
        select(call_failure)
        .where(call_failure.c.fingerprint == pattern, call_failure.c.at >= since)
        .order_by(call_failure.c.at.desc(), call_failure.c.id.desc())
        .limit(limit)
    )
    return [Failure(*row) for row in connection.execute(chosen)]


def newest(connection: Connection, fingerprints: Sequence[str]) -> dict[str, Failure]:
    """The newest failed call of each pattern."""
    found: dict[str, Failure] = {}
    for each in fingerprints:
        chosen = select(call_failure).where(call_failure.c.fingerprint == each)
        row = connection.execute(chosen.order_by(call_failure.c.at.desc()).limit(1)).first()
        if row:
            found[each] = Failure(*row)
    return found


def tidy(connection: Connection, now: datetime.datetime) -> None:
    """Forget what is older than it is kept."""
    connection.execute(delete(call_count).where(call_count.c.at < now - KEPT))
    connection.execute(delete(call_failure).where(call_failure.c.at < now - ROWS_KEPT))


def _hour(since: datetime.datetime) -> datetime.datetime:
    return since.replace(minute=0, second=0, microsecond=0)
