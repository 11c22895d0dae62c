"""What flows add up to: counts by flow, plant and day of beginning, and how long each step took, in buckets."""

import datetime
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Column, Connection, Integer, Table, and_, case, exists, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from controltower.store.delivery import IS_DEAD, delivery
from controltower.store.flow import IS_RUNNING, Instance, flow, flow_waiting
from controltower.store.schema import Name, metadata

BEGUN, ENDED_WELL, IN_TIME, CANCELLED, SMOOTH = "begun completed in_time cancelled smooth".split()
STEP = "step:"
# Each bucket is a tenth wider than the one before: a quantile is exact to five per cent.
_GROWTH = math.log(1.1)

flow_figure = Table(
    "flow_figure",
    metadata,
    # The questions are about a flow and some days, mostly of all plants.
    Column("flow", Name, primary_key=True),
    Column("day", Name, primary_key=True),
    Column("plant", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
)


class Cohort(NamedTuple):
    """What became of the flows that began at a plant on one day (of the plant's own calendar)."""

    plant: str
    day: str
    begun: int = 0
    completed: int = 0
    in_time: int = 0
    cancelled: int = 0
    overdue: int = 0  # still running, beyond their promise
    smooth: int = 0  # completed without a late or wrong step, or a person's hand

    @property
    def counted(self) -> int:
        """Those that count for the rate: completed, or running beyond their promise."""
        return self.completed + self.overdue

    @property
    def rate(self) -> float | None:
        """Completed in time, of those that count; None when none does."""
        return self.in_time / self.counted if self.counted else None


class Stop(NamedTuple):
    """How many wait at a step now, how many of these are beyond their time, how many go wrong (or their delivery is
    dead), and the longest since when."""

    waiting: int
    late: int
    wrong: int
    oldest: datetime.datetime | None


class Spread(NamedTuple):
    """How long a step took: of how many, the median and the 90th, 95th and 99th percentile, in seconds."""

    number: int
    median: float
    p90: float
    p95: float
    p99: float


def bucket_of(seconds: float) -> int:
    """The bucket of a duration: 0 up to one second, then each a tenth wider."""
    return 0 if seconds <= 1 else 1 + int(math.log(seconds) / _GROWTH)


def seconds_of(bucket: int) -> float:
    """The middle of a bucket."""
    return 0.5 if bucket == 0 else math.exp((bucket - 0.5) * _GROWTH)


def add(connection: Connection, before: Iterable[Instance], after: Iterable[Instance]) -> None:
    """Take away what the earlier states had added, and add what the present ones do."""
    changed: Counter[tuple[str, str, str, str, int]] = Counter()
    for sign, instances in ((-1, before), (1, after)):
        for each in instances:
            for name, bucket in each.told.figures:
                changed[each.flow, each.day, each.subject.plant, name, bucket] += sign
    columns = [column.name for column in flow_figure.columns]
    rows = [dict(zip(columns, (*key, count), strict=True)) for key, count in sorted(changed.items()) if count]
    if rows:
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
        statement = insert(flow_figure)
        more = flow_figure.c.count + statement.excluded.count
        connection.execute(
            statement.on_conflict_do_update(index_elements=columns[:-1], set_={"count": more}), rows
        )


def cohorts(
    connection: Connection,
    flow_name: str,
    days: tuple[str, str],
    now: datetime.datetime,
    plants: Sequence[str] = (),
) -> list[Cohort]:
    """By plant and day of beginning, from the first to the last of `days`, the newest first."""
    figure = flow_figure.c
    chosen = select(figure.plant, figure.day, figure.name, func.sum(figure.count)).where(
        figure.flow == flow_name, figure.day >= days[0], figure.day <= days[1], figure.bucket == 0,
        figure.name.in_((BEGUN, ENDED_WELL, IN_TIME, CANCELLED, SMOOTH)),
    )  # fmt: skip
    if plants:
        chosen = chosen.where(figure.plant.in_(plants))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for plant, day, name, count in connection.execute(chosen.group_by(figure.plant, figure.day, figure.name)):
        found.setdefault((plant, day), {})[name] = int(count)
    for key, count in _overdue(connection, flow_name, now, plants).items():
        if key in found:
            found[key]["overdue"] = count
    made = [Cohort(*key)._replace(**counts) for key, counts in found.items() if counts.get(BEGUN)]  # type: ignore[arg-type]
    return sorted(made, key=lambda each: (each.day, each.plant), reverse=True)


def total(found: Sequence[Cohort], plant: str = "") -> Cohort:
    """What cohorts add up to."""
    sums = {name: sum(getattr(each, name) for each in found) for name in Cohort._fields[2:]}
    return Cohort(plant, "")._replace(**sums)


def _overdue(
    connection: Connection, flow_name: str, now: datetime.datetime, plants: Sequence[str]
) -> Mapping[tuple[str, str], int]:
    chosen = select(flow.c.plant, flow.c.day, func.count()).where(
        IS_RUNNING, flow.c.flow == flow_name, flow.c.promise_at < now
    )
    if plants:
        chosen = chosen.where(flow.c.plant.in_(plants))
    rows = connection.execute(chosen.group_by(flow.c.plant, flow.c.day))
    return {(plant, day): count for plant, day, count in rows}


def stops(
    connection: Connection, flow_name: str, now: datetime.datetime, plants: Sequence[str] = ()
) -> dict[str, Stop]:
    """Where a flow waits now, by step."""
    held = flow_waiting.c
    dead = exists().where(
        IS_DEAD,
        delivery.c.plant == held.plant,
        delivery.c.subject == held.subject,
        delivery.c.route == held.route,
    )
    chosen = select(
        held.step,
        func.count(),
        func.sum(func.coalesce(held.due_at < now, False).cast(Integer)),
        func.sum(case((held.wrong | and_(held.route != "", dead), 1), else_=0)),
        func.min(held.since),
    ).where(held.flow == flow_name)
    if plants:
        chosen = chosen.where(held.plant.in_(plants))
    rows = connection.execute(chosen.group_by(held.step))
    return {
        step: Stop(count, int(late or 0), int(wrong or 0), since) for step, count, late, wrong, since in rows
    }


def spreads(
    connection: Connection, flow_name: str, days: tuple[str, str], plants: Sequence[str] = ()
) -> dict[str, Spread]:
    """How long each step took in the flows that began on some days."""
    figure = flow_figure.c
    chosen = select(figure.name, figure.bucket, func.sum(figure.count)).where(
        figure.flow == flow_name, figure.day >= days[0], figure.day <= days[1], figure.name.startswith(STEP)
    )
    if plants:
        chosen = chosen.where(figure.plant.in_(plants))
    buckets: dict[str, list[tuple[int, int]]] = {}
    for name, bucket, count in connection.execute(chosen.group_by(figure.name, figure.bucket)):
        buckets.setdefault(name.removeprefix(STEP), []).append((bucket, int(count)))
    return {step: _spread(sorted(held)) for step, held in buckets.items() if any(count for _, count in held)}


def _spread(buckets: Sequence[tuple[int, int]]) -> Spread:
    total = sum(count for _, count in buckets)
    return Spread(total, *(_quantile(buckets, share * total) for share in (0.5, 0.9, 0.95, 0.99)))


def _quantile(buckets: Sequence[tuple[int, int]], rank: float) -> float:
    passed = 0
    for bucket, count in buckets:
        passed += count
        if count and passed >= rank:
            return seconds_of(bucket)
    return 0.0
