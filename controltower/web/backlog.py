"""What waits where, since when, and does it grow? Every queue of the tower, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response

from controltower.pipeline.gauge import queues
from controltower.store import backlog
from controltower.store.backlog import DEAD_LETTERS, INBOX, KINDS, OUT, OVERDUE, UNREADABLE, Queue, Sample
from controltower.web import hx, sheet
from controltower.web.charts import Figure, json_for_page
from controltower.web.courses import Line, numbers
from controltower.web.format import route_title, system_title, zone_for
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope, link
from controltower.web.tower import now, reading, tower

bp = Blueprint("backlog", __name__)
NAV = NavEntry("Integration", "Backlog", "backlog.overview", "wait")
LONGEST = timedelta(days=92)
SPARKS = 24
# kind -> (words, icon, whether it is bad that anything waits there)
SORTS: dict[str, tuple[str, str, bool]] = {
    INBOX: ("To be read", "in", False),
    UNREADABLE: ("Not readable", "failure", True),
    OUT: ("To go out", "out", False),
    DEAD_LETTERS: ("Dead letters", "failure", True),
    OVERDUE: ("Answers overdue", "silent", True),
}


@dataclass(frozen=True)
class Place:
    """One queue with how it went; `trend` its number in equal stretches of the period, the newest last."""

    queue: Queue
    title: str
    team: str
    url: str
    trend: list[int]

    @property
    def grows(self) -> bool:
        """Whether it holds more than it mostly did."""
        past = sorted(self.trend)
        return bool(past) and self.queue.number > 2 * past[len(past) // 2] and self.queue.number >= 5


@dataclass(frozen=True)
class Sum:
    """All queues of one sort."""

    kind: str
    number: int
    since: datetime | None


@bp.get("/backlog")
def overview() -> Response:
    """Every queue that holds something, the oldest first, and how the sorts of queue went."""
    since = asked_since()
    step, samples = backlog.course(reading(), since, now())
    found = places(samples, since)
    if sheet.wanted():
        return as_file(found)
    return hx.page(
        "backlog.html",
        places=found,
        sums=[sum_of(kind, found) for kind in KINDS],
        sorts=SORTS,
        chart=json_for_page(chart_of(samples, step)),
        hours=peaks(samples),
    )


def asked_since() -> datetime:
    return current_scope().since(now()) or now() - LONGEST


def places(samples: Sequence[Sample], since: datetime) -> list[Place]:
    """The queues of the plant in scope that hold something, the oldest first."""
    shown = [each for each in queues(reading()) if each.number and in_scope(each)]
    made = [place_of(each, samples, since) for each in shown]
    return sorted(made, key=lambda each: (each.queue.since or now(), each.title))


def in_scope(each: Queue) -> bool:
    """Whether a queue concerns the plant in scope: its system serves it."""
    plant = current_scope().plant
    system = tower().landscape.systems.get(each.target or each.name)
    return not plant or system is None or system.serves(plant)


def place_of(each: Queue, samples: Sequence[Sample], since: datetime) -> Place:
    mine = [one for one in samples if one[1:4] == each[:3]]
    return Place(each, title_of(each), team_of(each), url_of(each), trend(mine, since))


def title_of(each: Queue) -> str:
    if each.kind == OVERDUE:
        rules = {rule.name: rule.title for rule in tower().landscape.expectations}
        return f"{rules.get(each.name, each.name)}, {system_title(each.target)}"
    if each.target:
        return f"{route_title(each.name)} → {system_title(each.target)}"
    return system_title(each.name)


def team_of(each: Queue) -> str:
    route = tower().landscape.routes.get(each.name)
    system = tower().landscape.system(each.target or each.name)
    return (route.team if route else "") or system.team


def url_of(each: Queue) -> str:
    """Where the rows of a queue are."""
    if each.kind == INBOX:
        return link("messages.listing", system=each.name, state="received", period="all")
    if each.kind == UNREADABLE:
        return link("failures.listing", way="in", system=each.name)
    if each.kind == OUT:
        return link("messages.listing", way="out", system=each.target, state="open", period="all")
    if each.kind == DEAD_LETTERS:
        return link("failures.listing", way="out", route=each.name, system=each.target)
    return link("exceptions.board", rule=each.name)


def trend(mine: Sequence[Sample], since: datetime) -> list[int]:
    """The most that waited in each of equal stretches of the period."""
    length = (now() - since) / SPARKS
    most = [0] * SPARKS
    for each in mine:
        n = min(max(int((each.at - since) / length), 0), SPARKS - 1)
        most[n] = max(most[n], each.number)
    return most


def sum_of(kind: str, found: Sequence[Place]) -> Sum:
    mine = [each.queue for each in found if each.queue.kind == kind]
    return Sum(
        kind,
        sum(each.number for each in mine),
        min((each.since for each in mine if each.since), default=None),
    )


def chart_of(samples: Sequence[Sample], step: timedelta) -> Figure:
    """How much waited of each sort; a stretch without a sample is one in which nothing did."""
    held: dict[str, dict[datetime, float]] = {kind: {} for kind in KINDS}
    for each in samples:
        held[each.kind][each.at] = held[each.kind].get(each.at, 0) + each.number
    lines = [Line(SORTS[kind][0], grounded(points, step)) for kind, points in held.items() if points]
    return numbers(lines, zone_for(current_scope().plant))


def grounded(points: dict[datetime, float], step: timedelta) -> dict[datetime, float]:
    """A line that falls to nothing where a whole stretch without a sample has passed."""
    found: dict[datetime, float] = {}
    for at, number in sorted(points.items()):
        if at - step not in points:
            found[at - step] = 0.0
        found[at] = number
        if at + step not in points and at + 2 * step <= now():
            found[at + step] = 0.0
    return dict(sorted(found.items()))


def peaks(samples: Sequence[Sample]) -> list[tuple[datetime, dict[str, int]]]:
    """The table behind the chart: the newest hours, each sort at its most."""
    hours: dict[datetime, dict[str, dict[datetime, int]]] = {}
    for each in samples:
        hour = each.at.replace(minute=0, second=0, microsecond=0)
        sums = hours.setdefault(hour, {}).setdefault(each.kind, {})
        sums[each.at] = sums.get(each.at, 0) + each.number
    found = {
        hour: {kind: max(sums.values()) for kind, sums in kinds.items()} for hour, kinds in hours.items()
    }
    return sorted(found.items(), reverse=True)[:48]


def as_file(found: Sequence[Place]) -> Response:
    columns = "kind name target title number oldest_since team".split()
    rows = [(*each.queue[:3], each.title, each.queue.number, each.queue.since, each.team) for each in found]
    return sheet.csv_file("backlog", columns, rows)
