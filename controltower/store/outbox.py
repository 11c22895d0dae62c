"""The outbox as people ask for it: lists, failure groups, backlogs, and what is overdue."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from controltower.domain.delivery import DEAD, DELIVERED, Delivery
from controltower.domain.subject import Subject
from controltower.store.about import about_order, narrowed
from controltower.store.delivery import IS_AWAITED, IS_DEAD, IS_LIVE, delivery, read
from controltower.store.schema import inline


def copies_of(connection: Connection, each: Delivery) -> list[Delivery]:
    """All deliveries of the same fact on the same route, resubmissions included, oldest first."""
    chosen = (
        select(delivery)
        .where(
            delivery.c.event == each.event, delivery.c.route == each.route, delivery.c.target == each.target
        )
        .order_by(delivery.c.id)
    )
    return [read(row) for row in connection.execute(chosen)]


def of_trace(connection: Connection, trace: str, limit: int = 200) -> list[Delivery]:
    """The deliveries of a trace, oldest first."""
    chosen = select(delivery).where(delivery.c.trace == trace).order_by(delivery.c.id).limit(limit)
    return [read(row) for row in connection.execute(chosen)]


def of_subject(connection: Connection, subject: Subject, limit: int = 200) -> list[Delivery]:
    """What was sent about one subject, newest first."""
    chosen = (
        select(delivery)
        .where(delivery.c.plant == subject.plant, delivery.c.subject == subject.name)
        .order_by(delivery.c.id.desc())
        .limit(limit)
    )
    return [read(row) for row in connection.execute(chosen)]


def of_order(connection: Connection, plant: str, order: str, limit: int = 500) -> list[Delivery]:
    """What was sent about an order and its operations, newest first."""
    rows = about_order(connection, delivery, plant, order, delivery.c.id.desc(), limit=limit)
    return sorted(map(read, rows), key=lambda each: each.id, reverse=True)


def listing(
    connection: Connection,
    *,
    states: Sequence[str] = (),
    target: str = "",
    route: str = "",
    group: str = "",
    plants: Sequence[str] = (),
    before: int | None = None,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Deliveries, newest first, from below the id `before`; `since` (included) and `until` (not) are times of birth."""
    chosen = select(delivery).order_by(delivery.c.id.desc()).limit(limit)
    chosen = narrowed(
        chosen, {delivery.c.target: target, delivery.c.route: route, delivery.c.failure_group: group}
    )
    if states:
        chosen = chosen.where(
            delivery.c.state == inline(DEAD) if tuple(states) == (DEAD,) else delivery.c.state.in_(states)
        )
    if plants:
        chosen = chosen.where(delivery.c.plant.in_(plants))
    if before is not None:
        chosen = chosen.where(delivery.c.id < before)
    if since is not None:
        chosen = chosen.where(delivery.c.created_at >= since)
    if until is not None:
        chosen = chosen.where(delivery.c.created_at < until)
    return [read(row) for row in connection.execute(chosen)]


class Group(NamedTuple):
    """One failure group: the dead deliveries that failed alike."""

    id: str
    route: str
    target: str
    error: str
    number: int
    attempts: int
    first_at: datetime.datetime
    last_at: datetime.datetime
    sample: int  # the newest delivery of the group


def groups(connection: Connection, *, target: str = "", plants: Sequence[str] = ()) -> list[Group]:
    """The failure groups of all that is dead now, the largest first."""
    chosen = _grouped(target, plants)
    return [
        Group(*row)
        for row in connection.execute(chosen.order_by(func.count().desc(), func.max(delivery.c.id)))
    ]


def group(connection: Connection, id: str) -> Group | None:
    """One failure group; None when nothing of it is dead (any more)."""
    row = connection.execute(_grouped("", ()).where(delivery.c.failure_group == id)).first()
    return Group(*row) if row else None


def _grouped(target: str, plants: Sequence[str]) -> Select[Any]:
    chosen = (
        select(
            delivery.c.failure_group, delivery.c.route, delivery.c.target, delivery.c.error, func.count(),
            func.sum(delivery.c.attempts), func.min(delivery.c.first_failed_at), func.max(delivery.c.last_failed_at),
            func.max(delivery.c.id),
        )
        .where(IS_DEAD)
        .group_by(delivery.c.failure_group, delivery.c.route, delivery.c.target, delivery.c.error)
    )  # fmt: skip
    chosen = narrowed(chosen, {delivery.c.target: target})
    return chosen.where(delivery.c.plant.in_(plants)) if plants else chosen


class Backlog(NamedTuple):
    """What waits for one system on one route: how many in which state, and since when the oldest does."""

    target: str
    route: str
    state: str
    number: int
    oldest_at: datetime.datetime


def backlogs(connection: Connection) -> list[Backlog]:
    """What is not delivered yet, by target, route and state (dead ones too)."""
    chosen = (
        select(
            delivery.c.target,
            delivery.c.route,
            delivery.c.state,
            func.count(),
            func.min(delivery.c.created_at),
        )
        .where(IS_LIVE, delivery.c.state != DELIVERED)
        .group_by(delivery.c.target, delivery.c.route, delivery.c.state)
    )
    return [Backlog(*row) for row in connection.execute(chosen)]


def overdue(connection: Connection, now: datetime.datetime, limit: int = 500) -> list[Delivery]:
    """Deliveries that the target took and does not show, though it should by now."""
    chosen = (
        select(delivery)
        .where(IS_AWAITED, delivery.c.state == DELIVERED, delivery.c.applied_by < now)
        .order_by(delivery.c.applied_by)
        .limit(limit)
    )
    return [read(row) for row in connection.execute(chosen)]


def of_run(connection: Connection, run: int) -> Mapping[str, int]:
    """How many of a resubmission's deliveries are in which state."""
    chosen = select(delivery.c.state, func.count()).where(delivery.c.run == run).group_by(delivery.c.state)
    return {row[0]: row[1] for row in connection.execute(chosen)}
