"""The way out in figures: trends of failures, errors by target, how much each target took lately and how fast."""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, func, select, text, type_coerce

from controltower.domain.delivery import APPLIED, DEAD, DELIVERED
from controltower.store.about import narrowed
from controltower.store.attempt import SEND, attempt
from controltower.store.delivery import IS_DEAD, IS_LIVE, delivery
from controltower.store.resubmission import resubmission_item
from controltower.store.schema import inline, microseconds

# What is read of a target's past at most, so that the cost does not grow with it.
MOST_TAKEN = 1000


class Trend(NamedTuple):
    """One failure group over time: how many failed in each stretch, and the first deadline that it breaks."""

    counts: tuple[int, ...]
    deadline: datetime.datetime | None


def trends(
    connection: Connection,
    since: datetime.datetime,
    width: datetime.timedelta,
    stretches: int,
    group: str = "",
) -> dict[str, Trend]:
    """When the dead deliveries of each group failed last, counted by stretches of `width` from `since`.

    What failed earlier counts nowhere; its deadline does."""
    step = width // datetime.timedelta(microseconds=1)
    failed = type_coerce(delivery.c.last_failed_at, BigInteger)
    # Counted from one stretch earlier, since databases round a quotient below nothing towards it.
    place = ((failed - microseconds(since - width)) // step).label("place")
    chosen = select(delivery.c.failure_group, place, func.count(), func.min(delivery.c.deadline)).where(
        IS_DEAD
    )
    chosen = narrowed(chosen, {delivery.c.failure_group: group})
    found: dict[str, tuple[list[int], list[datetime.datetime]]] = {}
    for name, at, number, deadline in connection.execute(
        chosen.group_by(delivery.c.failure_group, text("place"))
    ):
        counts, deadlines = found.setdefault(name, ([0] * stretches, []))
        if at is not None and 1 <= at <= stretches:
            counts[at - 1] += number
        deadlines += [deadline] if deadline else []
    return {name: Trend(tuple(counts), min(due, default=None)) for name, (counts, due) in found.items()}


class Trouble(NamedTuple):
    """How many deliveries to a target last failed in one way; `dead` ones wait for a person."""

    target: str
    error: str
    dead: bool
    number: int


def troubles(connection: Connection, plants: Sequence[str] = ()) -> list[Trouble]:
    """The errors of all that is not delivered, by target, the most frequent first."""
    is_dead = (delivery.c.state == inline(DEAD)).label("dead")
    chosen = (
        select(delivery.c.target, delivery.c.error, is_dead, func.count())
        .where(IS_LIVE, delivery.c.state != DELIVERED, delivery.c.error != "")
        .group_by(delivery.c.target, delivery.c.error, is_dead)
        .order_by(func.count().desc(), delivery.c.target, delivery.c.error)
    )
    if plants:
        chosen = chosen.where(delivery.c.plant.in_(plants))
    return [Trouble(row[0], row[1], bool(row[2]), row[3]) for row in connection.execute(chosen)]


class Taken(NamedTuple):
    """A delivery that its target took."""

    id: int
    route: str
    source: str
    delivered_at: datetime.datetime | None


def taken(connection: Connection, target: str, limit: int = MOST_TAKEN) -> list[Taken]:
    """The newest deliveries that a target took, newest first."""
    found = [
        Taken(*row)
        for state in (DELIVERED, APPLIED)  # asked for apart: each is one walk down an index
        for row in connection.execute(_newest(target, state, limit))
    ]
    return sorted(found, reverse=True)[:limit]


def _newest(target: str, state: str, limit: int) -> Select[Any]:
    return (
        select(delivery.c.id, delivery.c.route, delivery.c.source, delivery.c.delivered_at)
        .where(delivery.c.target == target, delivery.c.state == state)
        .order_by(delivery.c.id.desc())
        .limit(limit)
    )


def milliseconds(connection: Connection, ids: Sequence[int]) -> list[float]:
    """How long the sendings of some deliveries took on the wire, the shortest first."""
    chosen = select(attempt.c.milliseconds).where(
        attempt.c.delivery.in_(ids), attempt.c.what == SEND, attempt.c.milliseconds.is_not(None)
    )
    return sorted(connection.execute(chosen).scalars())


def groups_of(connection: Connection, runs: Sequence[int]) -> dict[int, str]:
    """The failure group of each of some resubmissions: that of its first delivery, which keeps it."""
    chosen = (
        select(resubmission_item.c.run, delivery.c.failure_group)
        .join(delivery, delivery.c.id == resubmission_item.c.delivery)
        .where(resubmission_item.c.run.in_(runs), resubmission_item.c.n == 1)
    )
    return {row[0]: row[1] for row in connection.execute(chosen)}
