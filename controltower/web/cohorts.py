"""How many end well, by the day on which they began: flows by plant, routes by target, the last two weeks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from controltower.domain.flow import Flow
from controltower.domain.latency import DELIVERY
from controltower.store import flow_figure, latency
from controltower.store.flow_figure import Cohort
from controltower.store.latency import HOUR, Course
from controltower.web.format import count, plant_name, route_title, system_title, zone_for
from controltower.web.scope import current_scope, link
from controltower.web.tower import now, reading

DAYS = 14
GOOD, FAIR = 0.98, 0.9


@dataclass(frozen=True)
class Cell:
    """One cohort: the share that ended well, None where none counts yet; `words` say of how many."""

    rate: float | None
    words: str

    @property
    def tone(self) -> str:
        if self.rate is None:
            return "none"
        return "ok" if self.rate >= GOOD else "warn" if self.rate >= FAIR else "bad"


@dataclass(frozen=True)
class Row:
    """A flow at a plant, or a route to a target, day by day."""

    title: str
    sub: str
    url: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Matrix:
    """The days, the oldest first, and what is followed."""

    days: list[date]
    flows: list[Row]
    routes: list[Row]


def matrix(flows: Iterable[Flow]) -> Matrix:
    """What became of those that began in the last two weeks; days without any are left out."""
    zone = zone_for(current_scope().plant)
    today = now().astimezone(zone).date()
    every = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
    by_flow = [row for each in flows for row in flow_rows(each, every)]
    by_route = route_rows(every, zone)
    filled = {day for row in [*by_flow, *by_route] for day in row.cells}
    return Matrix([day for day in every if f"{day}" in filled], by_flow, by_route)


def flow_rows(declared: Flow, days: list[date]) -> list[Row]:
    """A flow's row for each plant at which it began."""
    plant = current_scope().plant
    terms = (f"{days[0]}", f"{days[-1]}~")  # a plant further east may be a day ahead
    found = flow_figure.cohorts(reading(), declared.name, terms, now(), [plant] if plant else ())
    plants = sorted({each.plant for each in found})
    return [
        Row(
            plant_name(at), declared.title, link("flows.listed", name=declared.name, plant=at),
            {each.day: flow_cell(each) for each in found if each.plant == at},
        )
        for at in plants
    ]  # fmt: skip


def flow_cell(each: Cohort) -> Cell:
    words = f"{each.in_time} in time of {each.counted} completed or overdue; {count(each.begun, 'one', 'ones')} begun"
    return Cell(each.rate, f"{words}, {each.cancelled} cancelled" if each.cancelled else words)


def route_rows(days: list[date], zone: ZoneInfo) -> list[Row]:
    """A row for each interface: what was taken, of all that was taken or died on that day."""
    plant = current_scope().plant
    since = datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone)
    courses = latency.course(reading(), DELIVERY, since, now(), plants=[plant] if plant else (), step=HOUR)
    return [
        Row(
            route_title(route), f"to {system_title(target)}",
            link("latency.thing", kind=DELIVERY, name=route, to=target), route_cells(course, zone),
        )
        for (route, target), course in sorted(courses.items())
    ]  # fmt: skip


def route_cells(course: Course, zone: ZoneInfo) -> dict[str, Cell]:
    """By day of the zone's own calendar."""
    sums: dict[str, tuple[int, int]] = {}
    for at, each in course.points.items():
        day = f"{at.astimezone(zone).date()}"
        good, failed = sums.get(day, (0, 0))
        sums[day] = good + each.number, failed + each.failed
    return {
        day: Cell(good / (good + failed), f"{good} taken of {good + failed}, {failed} dead")
        for day, (good, failed) in sums.items()
        if good + failed
    }
