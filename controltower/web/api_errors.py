"""Which calls fail, where, how, since when? Error rates by system and status class, and failures that are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, url_for

from controltower.domain import failure
from controltower.domain import latency as kinds
from controltower.domain.landscape import System
from controltower.store import calls, latency
from controltower.store.calls import HOOK, NO_ANSWER, POLL, SEND, Failure, Pattern, Traffic
from controltower.web import hx, sheet
from controltower.web.charts import Figure, json_for_page
from controltower.web.courses import Line, stacks
from controltower.web.format import label, route_title, system_title, zone_for
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope, link
from controltower.web.tower import now, reading, tower

bp = Blueprint("api_errors", __name__)
NAV = NavEntry("Integration", "Errors", "api_errors.overview", "bad")
LONGEST = timedelta(days=92)
SPARKS = 24
STATUSES = ("2xx", "3xx", "4xx", "5xx", NO_ANSWER)
WAYS = {HOOK: ("calls us", "in"), POLL: ("is read", "refresh"), SEND: ("is told", "out")}
# What the tower's own door says when it turns something away, and what a source may suffer from.
TITLES = {
    "signature": "Signature not accepted",
    "rate": "Too many at once",
    "size": "Too large",
    "contract": "Breaks the contract",
    "down": "Not reachable",
    "timeout": "No answer in time",
    "refused": "Trouble at the source",
    "throttled": "Asked to wait",
    "credentials": "Credentials refused",
}
# Trouble of the system itself, apart from what we asked wrongly: it makes the error rate.
TROUBLE = frozenset({"5xx", NO_ANSWER})


@dataclass(frozen=True)
class Side:
    """All calls between the tower and a system on one way."""

    system: System
    way: str
    traffic: Mapping[str, Traffic]
    p95: float | None

    def number(self, status: str) -> int:
        return self.traffic[status].number if status in self.traffic else 0

    @property
    def total(self) -> int:
        return sum(each.number for each in self.traffic.values())

    @property
    def failed(self) -> int:
        return sum(each.failed for each in self.traffic.values())

    @property
    def rate(self) -> float | None:
        """The share of calls that failed; None of none."""
        return self.failed / self.total if self.total else None

    @property
    def trouble(self) -> float | None:
        """The share of calls with which the system itself was in trouble: 5xx and no answer."""
        bad = sum(each.failed for each in self.traffic.values() if each.status in TROUBLE)
        return bad / self.total if self.total else None


@dataclass(frozen=True)
class Alike:
    """Failures that are alike, with the newest of them and how often they came, hour by hour."""

    pattern: Pattern
    newest: Failure | None
    trend: list[int]
    url: str


@bp.get("/errors")
def overview() -> Response:
    """Failures that are alike, the most frequent first, and how each system answers."""
    since = asked_since()
    found = patterns(since)
    if sheet.wanted():
        return as_file(found)
    sides = sides_of(since)
    course = calls.course(reading(), since, systems=systems_asked())
    return hx.page(
        "api_errors.html",
        patterns=found,
        sides=sides,
        ways=WAYS,
        statuses=STATUSES,
        title_of=title_of,
        total=sum(each.total for each in sides),
        failed=sum(each.failed for each in sides),
        turned=sum(each.failed for each in sides if each.way == HOOK),
        silent=sum(each.number(NO_ANSWER) for each in sides),
        chart=json_for_page(chart_of(course, since)),
        hours=sorted(by_hour(course).items(), reverse=True)[:48],
    )


@bp.get("/errors/<fingerprint>")
def pattern(fingerprint: str) -> Response:
    """One pattern: how it went, and the calls it is made of."""
    since = asked_since()
    rows = calls.failures(reading(), fingerprint, since)
    newest = rows[0] if rows else calls.newest(reading(), [fingerprint]).get(fingerprint)
    if newest is None:
        abort(404)
    course = calls.course(reading(), since, pattern=fingerprint)
    return hx.page(
        "api_error.html",
        newest=newest,
        rows=rows,
        ways=WAYS,
        title_of=title_of,
        url_of=url_of,
        number=sum(course.values()),
        chart=json_for_page(chart_of(course, since)),
        hours=sorted(by_hour(course).items(), reverse=True)[:48],
    )


def asked_since() -> datetime:
    return current_scope().since(now()) or now() - LONGEST


def systems_asked() -> list[str]:
    """The systems of the plant in scope; none for all of them."""
    plant = current_scope().plant
    return [id for id, each in tower().landscape.systems.items() if each.serves(plant)] if plant else []


def patterns(since: datetime) -> list[Alike]:
    """Failures that are alike, the most frequent first."""
    found = calls.patterns(reading(), since, systems_asked())
    newest = calls.newest(reading(), [each.fingerprint for each in found])
    courses = calls.courses(reading(), since, systems_asked())
    return [
        Alike(
            each, newest.get(each.fingerprint), trend(courses.get(each.fingerprint, {}), since),
            link("api_errors.pattern", fingerprint=each.fingerprint),
        )
        for each in found
    ]  # fmt: skip


def trend(hours: Mapping[datetime, int], since: datetime) -> list[int]:
    """How many failed in each of equal stretches of the period."""
    length = (now() - since) / SPARKS
    sums = [0] * SPARKS
    for at, number in hours.items():
        sums[min(max(int((at - since) / length), 0), SPARKS - 1)] += number
    return sums


def sides_of(since: datetime) -> list[Side]:
    """Every system's calls by way, those that fail most often first."""
    found: dict[tuple[str, str], dict[str, Traffic]] = {}
    for each in calls.traffic(reading(), since, systems_asked()):
        found.setdefault((each.system, each.way), {})[each.status] = each
    paces = latency.by_system(
        reading(), (kinds.POLL, kinds.ATTEMPT), since, now(), span=latency.span_of(since, now())
    )
    timed = {POLL: kinds.POLL, SEND: kinds.ATTEMPT}
    made = []
    for (system, way), traffic in found.items():
        pace = paces.get((timed[way], system)) if way in timed else None
        made.append(Side(tower().landscape.system(system), way, traffic, pace.p95 if pace else None))
    return sorted(made, key=lambda each: (-(each.rate or 0.0), each.system.title, each.way))


def title_of(error: str) -> str:
    """The words for a class of failure on any way."""
    return failure.TITLES.get(error) or TITLES.get(error) or label(error)


def url_of(each: Failure) -> str:
    """Where a failed call is shown: its delivery, its message, or its source."""
    if each.way == SEND and each.reference:
        return url_for("deliveries.show", id=each.reference)
    if each.way == HOOK and each.reference:
        return url_for("messages.show", id=each.reference)
    return link("systems.show", system=each.system)


def by_hour(course: Mapping[tuple[str, datetime], int]) -> dict[datetime, list[tuple[str, int]]]:
    """The table behind the chart: each hour's failures by system."""
    found: dict[datetime, list[tuple[str, int]]] = {}
    for (system, at), number in sorted(course.items()):
        found.setdefault(at, []).append((system_title(system), number))
    return found


def chart_of(course: Mapping[tuple[str, datetime], int], since: datetime) -> Figure:
    """Failed calls by hour, one colour a system."""
    held: dict[str, dict[datetime, float]] = {}
    for (system, at), number in sorted(course.items()):
        held.setdefault(system, {})[at] = number
    bars = [
        Line(system_title(system), points, link("systems.show", system=system))
        for system, points in held.items()
    ]
    first = min((at for _, at in course), default=since)
    return stacks(bars, zone_for(current_scope().plant), (max(since, first - timedelta(hours=6)), now()))


def as_file(found: Sequence[Alike]) -> Response:
    columns = "system way route route_title status error fingerprint number last_at words".split()
    rows = [
        (
            each.pattern.system, each.pattern.way, each.pattern.route, route_title(each.pattern.route),
            each.pattern.status, each.pattern.error, each.pattern.fingerprint, each.pattern.number,
            each.newest.at if each.newest else None, each.newest.words if each.newest else "",
        )
        for each in found
    ]  # fmt: skip
    return sheet.csv_file("errors", columns, rows)
