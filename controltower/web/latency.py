"""Are we keeping our promises, and what is slow? Service level objectives, clocks, and latency by system, interface and
step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, request

from controltower.domain import latency as kinds
from controltower.domain.landscape import System
from controltower.store import latency
from controltower.store.latency import Course, Spread
from controltower.web import clocks, hx, latency_rows, promises, sheet
from controltower.web import flows as flow_pages
from controltower.web.charts import Figure, json_for_page
from controltower.web.courses import Line, durations
from controltower.web.format import route_title, system_title, zone_for
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope, link
from controltower.web.tower import now, reading, tower

bp = Blueprint("latency", __name__)
NAV = NavEntry("Integration", "Latency and SLA", "latency.overview", "clock")
LONGEST = timedelta(days=92)
MOST_LINES = 8
NONE = Spread()
# What the chart may show: kind -> words.
COURSES: Mapping[str, str] = {
    kinds.IN: "Source to tower",
    kinds.PROCESSING: "Handled here",
    kinds.POLL: "Reading",
    kinds.ATTEMPT: "Calling",
    kinds.DELIVERY: "Told",
    kinds.APPLIED: "Shown",
}


@dataclass(frozen=True)
class SystemPace:
    """How fast a system is heard and read, and what time it has."""

    system: System
    spreads: Mapping[str, Spread]
    clock: clocks.Clock | None

    def of(self, kind: str) -> Spread:
        return self.spreads.get(kind, NONE)


@dataclass(frozen=True)
class WayPace:
    """How fast one route takes effect at one target."""

    route: str
    target: str
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    def of(self, kind: str) -> Spread:
        return self.spreads.get(kind, NONE)


@bp.get("/latency")
def overview() -> Response:
    """Promises first, then who is slow."""
    since = asked_since()
    found = latency.spreads(reading(), kinds.KINDS, since, now(), plants_asked())
    systems, ways = system_paces(found), way_paces(found)
    if sheet.wanted():
        return as_file(found)
    kept = promises.every()
    kind = request.args.get("kind", kinds.IN)
    kind = kind if kind in COURSES else kinds.IN
    courses = latency.course(reading(), kind, since, now(), plants=plants_asked())
    return hx.page(
        "latency.html",
        promises=kept,
        promise_states=promises.STATES,
        spender_title=promises.spender_title,
        spender_url=promises.spender_url,
        systems=systems,
        ways=ways,
        flows=flows_timed(),
        kinds=kinds,
        kind=kind,
        courses=[(key, words, None) for key, words in COURSES.items()],
        series=newest_of(kind, courses),
        chart=json_for_page(chart_of(kind, courses)),
        wrong_clocks=[each for each in systems if each.clock and each.clock.is_wrong],
        slowest=slowest(systems),
    )


@bp.get("/latency/<kind>/<name>")
def thing(kind: str, name: str) -> Response:
    """One latency of one system or interface: its course, its spread, and the rows it is made of."""
    target = request.args.get("to", "")
    if kind not in COURSES:
        abort(404)
    since = asked_since()
    terms = {"name": name, "target": target, "plants": plants_asked()}
    courses = latency.course(reading(), kind, since, now(), **terms)  # type: ignore[arg-type]
    held = latency.spreads(reading(), (kind,), since, now(), plants_asked())
    return hx.page(
        "latency_of.html",
        title=title_of(kind, name, target),
        words=kinds.TITLES[kind],
        kind=kind,
        name=name,
        spread=held.get((kind, name, target), NONE),
        points=points_of(courses.get((name, target))),
        bars=latency_rows.bars(kind, name, target, since),
        rows=latency_rows.rows(kind, name, target, since),
        chart=json_for_page(three_lines(courses.get((name, target)))),
        real=kind in kinds.REAL,
    )


def asked_since() -> datetime:
    """Where the period begins; as far back as latencies are kept for all time."""
    return current_scope().since(now()) or now() - LONGEST


def plants_asked() -> list[str]:
    plant = current_scope().plant
    return [plant] if plant else []


def system_paces(found: Mapping[latency.Key, Spread]) -> list[SystemPace]:
    """Every system of the plant in scope of which anything was measured, the slowest to be heard first."""
    plant, offsets = current_scope().plant, clocks.every()
    made = []
    for system in tower().landscape.systems.values():
        mine = {kind: spread for (kind, name, _), spread in found.items() if name == system.id}
        if (mine or system.id in offsets) and (not plant or system.serves(plant)):
            made.append(SystemPace(system, mine, offsets.get(system.id)))
    return sorted(made, key=lambda each: (-(each.of(kinds.IN).p95 or 0.0), each.system.title))


def way_paces(found: Mapping[latency.Key, Spread]) -> list[WayPace]:
    """Every interface of which anything was measured, the slowest to be taken first."""
    wanted = (kinds.ATTEMPT, kinds.DELIVERY, kinds.APPLIED)
    ways = {(name, target) for kind, name, target in found if kind in wanted}
    made = [
        WayPace(*way, {kind: found[kind, *way] for kind in wanted if (kind, *way) in found}) for way in ways
    ]
    return sorted(made, key=lambda each: (-(each.of(kinds.DELIVERY).p95 or 0.0), each.route, each.target))


def flows_timed() -> list[flow_pages.Overview]:
    """The flows whose steps took any measured time in the period."""
    found = [flow_pages.overview(each) for each in tower().landscape.flows]
    return [each for each in found if any(halt.spread for halt in each.halts)]


def slowest(systems: Sequence[SystemPace]) -> SystemPace | None:
    """Whose news takes longest."""
    heard = [each for each in systems if each.of(kinds.IN).number]
    return heard[0] if heard else None


def chart_of(kind: str, courses: Mapping[tuple[str, str], Course]) -> Figure:
    """The 95th percentile of the slowest few, over time."""
    lines = [
        Line(
            title_of(kind, name, target),
            {at: each.p95 for at, each in course.points.items() if each.p95 is not None},
            link("latency.thing", kind=kind, name=name, to=target or None),
        )
        for (name, target), course in worst_first(courses)[:MOST_LINES]
    ]
    return durations([each for each in lines if each.points], zone_for(current_scope().plant))


def worst_first(courses: Mapping[tuple[str, str], Course]) -> list[tuple[tuple[str, str], Course]]:
    def slow(one: tuple[tuple[str, str], Course]) -> float:
        return max((each.p95 or 0.0 for each in one[1].points.values()), default=0.0)

    return sorted(courses.items(), key=slow, reverse=True)


def newest_of(
    kind: str, courses: Mapping[tuple[str, str], Course]
) -> list[tuple[str, str, list[tuple[datetime, Spread]]]]:
    """The table behind the chart: (title, address, its newest points)."""
    return [
        (
            title_of(kind, name, target),
            link("latency.thing", kind=kind, name=name, to=target or None),
            points_of(course)[:6],
        )
        for (name, target), course in worst_first(courses)[:MOST_LINES]
    ]


def points_of(course: Course | None) -> list[tuple[datetime, Spread]]:
    """The stretches of time with what was measured in them, the newest first."""
    return sorted(course.points.items(), reverse=True) if course else []


def three_lines(course: Course | None) -> Figure:
    points = course.points if course else {}
    lines = [
        Line(words, {at: value for at, each in points.items() if (value := getattr(each, name)) is not None})
        for name, words in (("p50", "Half within"), ("p95", "95 % within"), ("p99", "99 % within"))
    ]
    return durations(lines, zone_for(current_scope().plant))


def title_of(kind: str, name: str, target: str) -> str:
    """What a measurement is of."""
    if target:
        return f"{route_title(name)} → {system_title(target)}"
    return system_title(name)


def as_file(found: Mapping[latency.Key, Spread]) -> Response:
    columns = "kind name target number failed p50_seconds p95_seconds p99_seconds".split()
    return sheet.csv_file("latency", columns, [(*key, *spread) for key, spread in sorted(found.items())])
