"""`/latency`, `/slos`, `/backlog` and `/errors`: what is slow, what is promised, what waits, and what fails."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

from controltower.domain import latency as kinds
from controltower.store import backlog as queue_store
from controltower.store import latency as store
from controltower.store.latency import Spread
from controltower.web import api_errors, backlog, clocks, latency, promises
from controltower.web.api import asked
from controltower.web.api.call import call
from controltower.web.promises import Promise
from controltower.web.tower import now, reading


class PeriodQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Of which plant, and over which period."""

    plant: asked.Word = ""
    period: Literal["1h", "8h", "24h", "7d", "30d", "all"] = "24h"


class SpreadShape(msgspec.Struct):
    """Some measurements: `kind` (in, ahead, processing, poll, attempt, delivery, applied, expectation, freshness, flow)
    of a system, route, rule or flow (`name`), to a `target` where there is one. `failed` never came to their end."""

    kind: str
    name: str
    target: str
    number: int
    failed: int
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None


class ClockShape(msgspec.Struct):
    """What time a system has: seconds by which its clock is ahead, behind where less than nothing."""

    system: str
    ahead_seconds: float
    measured_by: str


class Latencies(msgspec.Struct):
    """How long things took in the period, and whose clocks are known."""

    since: datetime.datetime
    items: list[SpreadShape]
    clocks: list[ClockShape]


class BurnShape(msgspec.Struct):
    """How many times as fast as allowed a budget is spent, over two windows; an alert speaks at `limit`."""

    alert: str
    long: float
    short: float
    limit: float
    speaks: bool


class SpenderShape(msgspec.Struct):
    """Who spends a budget, and by how many events."""

    name: str
    target: str
    bad: int


class SloShape(msgspec.Struct):
    """One objective. `state`: kept, burning, broken or no-data. `budget_left` is below nothing when overspent; null
    without any event. What is overdue and has not ended yet counts as bad."""

    name: str
    title: str
    what: str
    within_seconds: float | None
    target: float
    window_seconds: float
    state: str
    good: int
    total: int
    share: float | None
    budget_left: float | None
    burns: list[BurnShape]
    spenders: list[SpenderShape]


class Slos(msgspec.Struct):
    """The declared objectives, the least kept first."""

    items: list[SloShape]


class QueueShape(msgspec.Struct):
    """What waits in one place: kind inbox, parked, out, dead or overdue. `trend`: the most that waited in each of 24
    equal stretches of the period, the newest last."""

    kind: str
    name: str
    target: str
    number: int
    oldest_since: datetime.datetime | None
    team: str
    trend: list[int]


class Backlog(msgspec.Struct):
    """Every queue that holds something, the oldest first."""

    items: list[QueueShape]


class PatternShape(msgspec.Struct):
    """Failures that are alike. `way`: hook (it called us), poll (it was read) or send (it was told). `status`: its
    class, `none` without an answer. `reference`: the delivery or message of the newest one."""

    system: str
    way: str
    route: str
    status: str
    error: str
    fingerprint: str
    number: int
    last_at: datetime.datetime | None
    words: str
    reference: str | None


class TrafficShape(msgspec.Struct):
    """All calls of one way between the tower and a system. `statuses`: how many of which class."""

    system: str
    way: str
    number: int
    failed: int
    statuses: dict[str, int]
    p95_seconds: float | None


class Errors(msgspec.Struct):
    """Failures by pattern, and all calls by system and way, since the hour in which the period begins."""

    since: datetime.datetime
    patterns: list[PatternShape]
    traffic: list[TrafficShape]


@call("GET", "/latency", answer=Latencies, query=PeriodQuery)
def list_latencies(query: PeriodQuery) -> Latencies:
    """How long news takes to here, and what the tower tells to take effect: p50, p95, p99 by system and interface"""
    del query  # plant and period are read where the pages read them
    since = latency.asked_since()
    found = store.spreads(reading(), kinds.KINDS, since, now(), latency.plants_asked())
    items = [_spread(key, spread) for key, spread in sorted(found.items())]
    told = [ClockShape(each.system, each.seconds, each.by) for _, each in sorted(clocks.every().items())]
    return Latencies(since, items, told)


@call("GET", "/slos", answer=Slos, query=PeriodQuery)
def list_slos(query: PeriodQuery) -> Slos:
    """The promises of slo.toml: how they are kept, what is left of their error budgets, how fast these are spent

    Each counts over its own window, whatever the period."""
    del query
    return Slos([_slo(each) for each in promises.every()])


@call("GET", "/backlog", answer=Backlog, query=PeriodQuery)
def list_backlog(query: PeriodQuery) -> Backlog:
    """What waits where: to be read, to be mended, to go out, to be answered"""
    del query
    since = backlog.asked_since()
    _, samples = queue_store.course(reading(), since, now())
    return Backlog(
        [QueueShape(*each.queue, each.team, each.trend) for each in backlog.places(samples, since)]
    )


@call("GET", "/errors", answer=Errors, query=PeriodQuery)
def list_errors(query: PeriodQuery) -> Errors:
    """Which calls fail: by system, way, class of status, class of error and fingerprint"""
    del query
    since = api_errors.asked_since()
    sides = [
        TrafficShape(
            each.system.id, each.way, each.total, each.failed,
            {status: one.number for status, one in each.traffic.items()}, each.p95,
        )
        for each in api_errors.sides_of(since)
    ]  # fmt: skip
    return Errors(since, [_pattern(each) for each in api_errors.patterns(since)], sides)


def _spread(key: store.Key, each: Spread) -> SpreadShape:
    return SpreadShape(*key, each.number, each.failed, each.p50, each.p95, each.p99)


def _slo(each: Promise) -> SloShape:
    slo = each.slo
    return SloShape(
        slo.name, slo.title, slo.what, slo.within.total_seconds() if slo.within else None, slo.target,
        slo.window.total_seconds(), each.state, each.tally.good, each.tally.total, each.share, each.left,
        [BurnShape(one.name, one.long, one.short, one.limit, one.speaks) for one in each.burns],
        [SpenderShape(*one) for one in each.spenders],
    )  # fmt: skip


def _pattern(each: api_errors.Alike) -> PatternShape:
    newest = each.newest
    reference = str(newest.reference) if newest and newest.reference else None
    return PatternShape(
        *each.pattern, newest.at if newest else None, newest.words if newest else "", reference
    )
