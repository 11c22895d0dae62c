"""The flows: how many end well, where they wait and for how long, and the orders behind each number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, request

from controltower.domain.flow import Flow, Step
from controltower.domain.flow_progress import COMPLETED, RUNNING, STOPPED
from controltower.store import flow, flow_figure
from controltower.store.flow_figure import Cohort, Spread, Stop
from controltower.web import cohorts as cohort_pages
from controltower.web import flow_view, hx, sheet
from controltower.web.flow_view import Story
from controltower.web.format import zone_for
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope
from controltower.web.tower import now, reading, tower

bp = Blueprint("flows", __name__)
NAV = NavEntry("Integration", "Flows", "flows.listing", "flow", covers=("flow",))
PER_PAGE = 100
NOBODY = Stop(0, 0, 0, None)
LISTED = (RUNNING, COMPLETED, STOPPED)


@dataclass(frozen=True)
class Halt:
    """One step over all subjects: who waits there now, and how long it took."""

    step: Step
    stop: Stop
    spread: Spread | None


@dataclass(frozen=True)
class Overview:
    """One flow with what it adds up to in a period."""

    flow: Flow
    total: Cohort
    cohorts: list[Cohort]
    halts: list[Halt]

    @property
    def waiting(self) -> int:
        return sum(each.stop.waiting for each in self.halts)

    @property
    def most(self) -> int:
        """The longest queue, for the bars."""
        return max((each.stop.waiting for each in self.halts), default=0)

    @property
    def troubled(self) -> int:
        return sum(max(each.stop.late, each.stop.wrong) for each in self.halts)


@bp.get("/flows")
def listing() -> Response:
    """Every declared flow: its completion rate, and where it waits."""
    found = [overview(each) for each in tower().landscape.flows]
    if sheet.wanted():
        return steps_file(found)
    cohorts = cohort_pages.matrix(tower().landscape.flows)
    return hx.page("flows.html", overviews=found, cohorts=cohorts, days=days_asked())


@bp.get("/flows/<name>")
def listed(name: str) -> Response:
    """One flow: its cohorts, and the subjects in it, those of a step where the URL names one."""
    declared = declared_flow(name)
    state = request.args.get("state", RUNNING)
    state = state if state in LISTED else RUNNING
    step = request.args.get("step", "") if state == RUNNING else ""
    if step and step not in declared.by_name:
        abort(404)
    stories, following = page_of(declared, state, step)
    if sheet.wanted():
        return stories_file(declared, stories)
    return hx.page(
        "flow_list.html",
        overview=overview(declared),
        days=days_asked(),
        stories=stories,
        following=following,
        state=state,
        step=declared.by_name.get(step),
        states=flow_view.STATES,
        listed=LISTED,
        name_of=flow_view.name_of,
    )


def declared_flow(name: str) -> Flow:
    """A flow by its name; 404 where nobody declares it."""
    for each in tower().landscape.flows:
        if each.name == name:
            return each
    abort(404)


def days_asked() -> tuple[str, str]:
    """The first and the last day of the period, by the plant's calendar."""
    zone = zone_for(current_scope().plant)
    since = current_scope().since(now())
    return (f"{since.astimezone(zone):%Y-%m-%d}" if since else "0000", f"{now().astimezone(zone):%Y-%m-%d}")


def overview(declared: Flow) -> Overview:
    """A flow with its figures of the URL's period and plant."""
    plants = plants_asked()
    first, last = days_asked()
    days = first, f"{last}~"  # a plant further east may be a day ahead
    cohorts = flow_figure.cohorts(reading(), declared.name, days, now(), plants)
    stops = flow_figure.stops(reading(), declared.name, now(), plants)
    spreads = flow_figure.spreads(reading(), declared.name, days, plants)
    halts = [Halt(each, stops.get(each.name, NOBODY), spreads.get(each.name)) for each in declared.steps]
    return Overview(declared, flow_figure.total(cohorts), cohorts, halts)


def plants_asked() -> list[str]:
    plant = current_scope().plant
    return [plant] if plant else []


def page_of(declared: Flow, state: str, step: str) -> tuple[list[Story], str]:
    """The stories of one page and the key of the next one."""
    after = mark_asked()
    plants = plants_asked()
    if step:
        found = flow.waiting_at(
            reading(), declared.name, step, plants=plants, after=after, limit=PER_PAGE + 1
        )
    else:
        found = flow.listing(
            reading(), declared.name, state=state, plants=plants, after=after, limit=PER_PAGE + 1
        )
    shown = found[:PER_PAGE]
    if len(found) <= PER_PAGE:
        return flow_view.told(shown), ""
    last = shown[-1]
    at = last.told.waiting[step].since if step else last.began_at
    return flow_view.told(shown), f"{at:%Y-%m-%dT%H:%M:%S.%f%z}|{last.subject.name}"


def mark_asked() -> tuple[datetime, str] | None:
    """Where the page begins; text that we did not write begins at the first row."""
    text, _, subject = request.args.get("after", "").partition("|")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment, subject) if moment.tzinfo and "\0" not in subject else None


def steps_file(found: list[Overview]) -> Response:
    columns = (
        "flow step title waiting late wrong oldest_since done median_seconds p90_seconds begun completed in_time "
        "overdue cancelled completion_rate"
    ).split()
    rows = [
        (
            each.flow.name, halt.step.name, halt.step.title, halt.stop.waiting, halt.stop.late, halt.stop.wrong,
            halt.stop.oldest, *((halt.spread.number, round(halt.spread.median), round(halt.spread.p90))
            if halt.spread else (0, None, None)), each.total.begun, each.total.completed, each.total.in_time,
            each.total.overdue, each.total.cancelled, each.total.rate,
        )
        for each in found
        for halt in each.halts
    ]  # fmt: skip
    return sheet.csv_file("flows", columns, rows)


def stories_file(declared: Flow, stories: list[Story]) -> Response:
    columns = "plant key state began_at promise_at ended_at waits_at since due_at late wrong".split()
    rows = [row_of(each) for each in stories]
    return sheet.csv_file(declared.name, columns, rows)


def row_of(story: Story) -> tuple[object, ...]:
    progress, waits = story.progress, story.open_lines
    return (
        progress.subject.plant, progress.subject.key, progress.state, progress.began_at, progress.promise_at,
        progress.ended_at, "; ".join(each.state.step.title for each in waits),
        min((each.state.ready_at for each in waits if each.state.ready_at), default=None),
        min((each.due_at for each in waits if each.due_at), default=None),
        any(each.late for each in waits), any(each.state.wrong for each in waits),
    )  # fmt: skip
