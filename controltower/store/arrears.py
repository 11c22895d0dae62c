"""What on the way out is behind its promise or past help, counted for the exceptions about it."""

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from controltower.domain.delivery import (
    APPLIED,
    CLAIMABLE,
    DEAD,
    DELIVERED,
    OPEN,
    SENDING,
    WAITING,
    Delivery,
    Lane,
)
from controltower.store.delivery import IS_DEAD, IS_LIVE, delivery, read
from controltower.store.schema import inline


class Late(NamedTuple):
    """The messages of one route for one system that wait past their deadline: how many, and since when the first."""

    route: str
    target: str
    number: int
    deadline: datetime.datetime


def late(connection: Connection, now: datetime.datetime) -> list[Late]:
    """What should have been delivered by now and is not, though it is not dead."""
    chosen = (
        select(delivery.c.route, delivery.c.target, func.count(), func.min(delivery.c.deadline))
        .where(IS_LIVE, delivery.c.state.in_(OPEN), delivery.c.deadline < now)
        .group_by(delivery.c.route, delivery.c.target)
    )
    return [Late(*row) for row in connection.execute(chosen)]


def oldest_late(connection: Connection, each: Late) -> Delivery | None:
    """The message of it that waits the longest past its deadline."""
    mine = (delivery.c.route == each.route, delivery.c.target == each.target)
    chosen = (
        select(delivery)
        .where(IS_LIVE, *mine, delivery.c.state.in_(OPEN), delivery.c.deadline == each.deadline)
        .order_by(delivery.c.id)
        .limit(1)
    )
    row = connection.execute(chosen).first()
    return read(row) if row else None


def dead_numbers(connection: Connection, groups: Iterable[str]) -> dict[str, int]:
    """How many deliveries of each failure group are dead now; a group of which none is, is left out."""
    wanted: Sequence[str] = list(groups)
    if not wanted:
        return {}
    chosen = (
        select(delivery.c.failure_group, func.count())
        .where(IS_DEAD, delivery.c.failure_group.in_(wanted))
        .group_by(delivery.c.failure_group)
    )
    return {row[0]: row[1] for row in connection.execute(chosen)}


def newest_dead(connection: Connection, group: str) -> Delivery | None:
    """The newest dead delivery of a failure group."""
    chosen = (
        select(delivery)
        .where(delivery.c.state == inline(DEAD), delivery.c.failure_group == group)
        .order_by(delivery.c.id.desc())
        .limit(1)
    )
    row = connection.execute(chosen).first()
    return read(row) if row else None


_TRIED = (*CLAIMABLE, SENDING)


def newest_error(connection: Connection, target: str) -> str:
    """The class of failure of what is tried again at a target now; "" where nothing is."""
    chosen = (
        select(delivery.c.error)
        .where(delivery.c.target == target, delivery.c.state.in_(_TRIED), delivery.c.error != "")
        .order_by(delivery.c.id)
        .limit(1)
    )
    row = connection.execute(chosen).first()
    return row[0] if row else ""


def failing(
    connection: Connection, targets: Iterable[str], before: datetime.datetime, limit: int = 500
) -> list[Delivery]:
    """What is tried again and again, its first failure longer ago than a moment; the oldest first."""
    wanted: Sequence[str] = list(targets)
    if not wanted:
        return []
    chosen = (
        select(delivery)
        .where(
            delivery.c.target.in_(wanted),
            delivery.c.state.in_([inline(state) for state in _TRIED]),
            delivery.c.first_failed_at < before,
        )
        .order_by(delivery.c.first_failed_at, delivery.c.id)
        .limit(limit)
    )
    return [read(row) for row in connection.execute(chosen)]


def behind(connection: Connection, lane: Lane) -> int:
    """How many messages of a lane wait for an earlier one."""
    mine = (delivery.c.plant == lane.subject.plant, delivery.c.subject == lane.subject.name)
    chosen = select(func.count()).where(
        IS_LIVE, *mine, delivery.c.target == lane.target, delivery.c.state == WAITING
    )
    return int(connection.execute(chosen).scalar_one())


def last_taken(connection: Connection, target: str, among: int = 50) -> datetime.datetime | None:
    """When a target took a message last, as far as the newest ones tell."""
    moments = [
        row[0]
        for state in (DELIVERED, APPLIED)
        for row in connection.execute(
            select(delivery.c.delivered_at)
            .where(delivery.c.target == target, delivery.c.state == state)
            .order_by(delivery.c.id.desc())
            .limit(among)
        )
    ]
    return max((each for each in moments if each is not None), default=None)
