"""How promises of service are kept: counted out of the latencies, with what is overdue and has not ended yet."""

import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from controltower.domain.delivery import DELIVERED, OPEN
from controltower.domain.slo import Slo, Tally
from controltower.store import latency
from controltower.store.delivery import IS_AWAITED, IS_LIVE, delivery
from controltower.store.flow import IS_RUNNING, flow
from controltower.store.latency import NEVER


def tally(connection: Connection, slo: Slo, since: datetime.datetime, now: datetime.datetime) -> Tally:
    """What was good of all that should have ended since a moment."""
    name, target = slo.named
    within = latency.bucket_of(slo.within.total_seconds()) if slo.within else NEVER - 1
    good, total = latency.counts(
        connection, slo.kind, within, since, now, name=name, target=target, plants=_plants(slo)
    )
    return Tally(good, total + _still_open(connection, slo, since, now))


class Spender(NamedTuple):
    """One source of bad events: a system, a route to a target, a rule about a system, or a flow."""

    name: str
    target: str
    bad: int


def spenders(
    connection: Connection, slo: Slo, since: datetime.datetime, now: datetime.datetime, limit: int = 5
) -> list[Spender]:
    """Who spends the budget, the worst first (without what has not ended yet)."""
    name, target = slo.named
    within = latency.bucket_of(slo.within.total_seconds()) if slo.within else NEVER - 1
    found = latency.beyond(
        connection, slo.kind, within, since, now, name=name, target=target, plants=_plants(slo)
    )
    return [Spender(*key, bad) for key, bad in sorted(found.items(), key=lambda one: -one[1])[:limit]]


def begins(connection: Connection, slo: Slo) -> datetime.datetime | None:
    """Since when there is anything to judge it by; None before the first measurement."""
    return latency.first_at(connection, slo.kind)


def _plants(slo: Slo) -> tuple[str, ...]:
    return (slo.plant,) if slo.plant else ()


def _still_open(connection: Connection, slo: Slo, since: datetime.datetime, now: datetime.datetime) -> int:
    """What should have ended since then and has not: it is bad already, though nobody knows by how much."""
    if slo.within is None or slo.what not in _OPEN:
        return 0
    chosen = _OPEN[slo.what](slo, since - slo.within, now - slo.within)
    return int(connection.execute(chosen).scalar() or 0)


def _undelivered(slo: Slo, first: datetime.datetime, last: datetime.datetime) -> Select[int]:
    began = delivery.c.created_at.between(first, last)
    return _counted(slo, IS_LIVE, delivery.c.state.in_(OPEN), began)


def _unshown(slo: Slo, first: datetime.datetime, last: datetime.datetime) -> Select[int]:
    began = delivery.c.delivered_at.between(first, last)
    return _counted(slo, IS_AWAITED, delivery.c.state == DELIVERED, began)


def _counted(slo: Slo, *which: ColumnElement[bool]) -> Select[int]:
    wanted = ((delivery.c.route, slo.route), (delivery.c.target, slo.system), (delivery.c.plant, slo.plant))
    filters = [column == held for column, held in wanted if held]
    return select(func.count()).select_from(delivery).where(*which, *filters)


def _unfinished(slo: Slo, first: datetime.datetime, last: datetime.datetime) -> Select[int]:
    wanted = ((flow.c.flow, slo.flow), (flow.c.plant, slo.plant))
    filters = [column == held for column, held in wanted if held]
    began = flow.c.began_at.between(first, last)
    return select(func.count()).select_from(flow).where(IS_RUNNING, began, *filters)


_OPEN = {"delivery": _undelivered, "applied": _unshown, "flow": _unfinished}
