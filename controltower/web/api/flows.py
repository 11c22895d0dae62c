"""`/flows`: how the declared flows go, how far each subject has come, and what people decide about its steps."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Literal

import msgspec

from controltower.domain.flow import Flow
from controltower.domain.flow_progress import Progress
from controltower.domain.subject import Subject
from controltower.pipeline import flow_acts
from controltower.pipeline.resubmit import Stale
from controltower.store import flow, flow_figure
from controltower.web import flow_view
from controltower.web.api import access, asked, paging
from controltower.web.api.call import call
from controltower.web.api.exceptions import Reason
from controltower.web.flow_view import Line, Story
from controltower.web.problems import ApiError
from controltower.web.tower import close_reading, now, reading, tower

MAY_ACT = ("planner", "integration")
_EVER = "0000", "9999~"


class FlowQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`from` and `to`: the days (YYYY-MM-DD, of the plants) on which the counted ones began; all if none is named."""

    plant: asked.Word = ""
    from_: asked.Word = msgspec.field(default="", name="from")
    to: asked.Word = ""


class StepFigures(msgspec.Struct):
    """One step over all subjects: how many wait there now, and how long it took those that have done it."""

    name: str
    title: str
    after: list[str]
    route: str
    optional: bool
    team: str
    within_seconds: float | None
    waiting: int
    late: int
    wrong: int
    oldest: datetime.datetime | None
    done: int
    median_seconds: float | None
    p90_seconds: float | None


class FlowFigures(msgspec.Struct):
    """One declared flow. `completion_rate`: completed in time, of those completed or running beyond their promise; null
    when there is none. Cancelled ones are left out of it."""

    name: str
    title: str
    kind: str
    within_seconds: float | None
    begun: int
    completed: int
    in_time: int
    overdue: int
    cancelled: int
    straight_through: int
    completion_rate: float | None
    steps: list[StepFigures]


class Flows(msgspec.Struct):
    """The declared flows."""

    items: list[FlowFigures]


class CohortShape(msgspec.Struct):
    """What became of those that began at a plant on one day."""

    plant: str
    day: str
    begun: int
    completed: int
    in_time: int
    overdue: int
    cancelled: int
    straight_through: int
    completion_rate: float | None


class StoriesQuery(asked.Paged, kw_only=True):
    """Which subjects: in one state, or those that wait at a step."""

    state: Literal["running", "completed", "cancelled"] = "running"
    step: asked.Word = ""
    plant: asked.Word = ""


class StepShape(msgspec.Struct):
    """One step of one subject. `state`: ahead, waiting, wrong, done, skipped, passed (the flow went on without its
    sign) or idle (not needed). `faults`: what its check found. `delivery`: the newest one that carries it."""

    name: str
    title: str
    state: str
    at: datetime.datetime | None
    since: datetime.datetime | None
    due_at: datetime.datetime | None
    late: bool
    system: str
    message: str | None
    team: str
    faults: list[str]
    delivery: str | None
    delivery_state: str | None


class DecisionShape(msgspec.Struct):
    """What a person (or a key) decided; `step` empty where it is about the whole."""

    at: datetime.datetime
    who: str
    action: str
    step: str
    reason: str


class StoryShape(msgspec.Struct):
    """How far one subject has come in a flow."""

    flow: str
    plant: str
    key: str
    subject: str
    state: str
    began_at: datetime.datetime | None
    promise_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    in_time: bool
    waits_at: list[str]
    steps: list[StepShape]
    decisions: list[DecisionShape]


class FlowPage(msgspec.Struct):
    """A flow's figures by day and plant, and the subjects in it."""

    name: str
    cohorts: list[CohortShape]
    items: list[StoryShape]
    next: str | None


class Again(msgspec.Struct, forbid_unknown_fields=True):
    """Why; `confirm_stale` sends a dead delivery although the target knows something newer."""

    reason: asked.Words
    confirm_stale: bool = False


class Reopening(msgspec.Struct, forbid_unknown_fields=True):
    """Why; `step` names a skipped one, else the cancellation is taken back."""

    reason: asked.Words
    step: asked.Word = ""


@call("GET", "/flows", answer=Flows, query=FlowQuery)
def list_flows(query: FlowQuery) -> Flows:
    """The declared flows: completion rate, where they wait, how long each step takes"""
    days = query.from_ or _EVER[0], f"{query.to}~" if query.to else _EVER[1]
    plants = [query.plant] if query.plant else []
    return Flows([_figures(each, days, plants) for each in tower().landscape.flows])


@call("GET", "/flows/<name>", answer=FlowPage, query=StoriesQuery, refusals=(404,))
def get_flow(query: StoriesQuery, name: str) -> FlowPage:
    """The subjects in a flow: the last begun first, or those that wait at a step, the longest waiting first"""
    declared = _declared(name)
    plants = [query.plant] if query.plant else []
    terms = {"plants": plants, "after": paging.mark_of(query.cursor), "limit": query.limit + 1}
    if query.step:
        _at_step(declared, query.step)
        found = flow.waiting_at(reading(), name, query.step, **terms)  # type: ignore[arg-type]
    else:
        found = flow.listing(reading(), name, state=query.state, **terms)  # type: ignore[arg-type]
    shown = found[: query.limit]
    more = None
    if len(found) > query.limit:
        last = shown[-1]
        since = last.told.waiting[query.step].since if query.step else last.began_at
        more = paging.write_cursor(since, last.subject.name)
    cohorts = flow_figure.cohorts(reading(), name, _EVER, now(), plants)[:400]
    return FlowPage(
        name, [_cohort(each) for each in cohorts], [_shape(each) for each in flow_view.told(shown)], more
    )


@call("GET", "/flows/<name>/<plant>/<path:key>", answer=StoryShape, refusals=(404,))
def get_flow_of(name: str, plant: str, key: str) -> StoryShape:
    """How far one subject has come: each step with its times, what is late or wrong, and what people decided"""
    return _known(name, plant, key)


@call(
    "POST", "/flows/<name>/<plant>/<path:key>/steps/<step>/retry", answer=StoryShape, body=Again, roles=MAY_ACT,
    refusals=(404, 409),
)  # fmt: skip
def retry_step(given: Again, name: str, plant: str, key: str, step: str) -> StoryShape:
    """Send again what the step carries, and let its time begin anew

    409 when the target knows something newer and that is not confirmed, or when there is nothing to send."""
    return _act(
        name, plant, key,
        lambda about, who: flow_acts.retry(tower(), name, about, step, who, given.reason, given.confirm_stale),
    )  # fmt: skip


@call(
    "POST", "/flows/<name>/<plant>/<path:key>/steps/<step>/skip", answer=StoryShape, body=Reason, roles=MAY_ACT,
    refusals=(404, 409),
)  # fmt: skip
def skip_step(given: Reason, name: str, plant: str, key: str, step: str) -> StoryShape:
    """Go on without a step; 409 when it is left behind already"""
    return _act(
        name, plant, key, lambda about, who: flow_acts.skip(tower(), name, about, step, who, given.reason)
    )


@call(
    "POST", "/flows/<name>/<plant>/<path:key>/cancel", answer=StoryShape, body=Reason, roles=MAY_ACT,
    refusals=(404, 409),
)  # fmt: skip
def cancel_flow(given: Reason, name: str, plant: str, key: str) -> StoryShape:
    """End a flow before its end; nothing is sent or taken back"""
    return _act(
        name, plant, key, lambda about, who: flow_acts.cancel(tower(), name, about, who, given.reason)
    )


@call(
    "POST", "/flows/<name>/<plant>/<path:key>/reopen", answer=StoryShape, body=Reopening, roles=MAY_ACT,
    refusals=(404, 409),
)  # fmt: skip
def reopen_flow(given: Reopening, name: str, plant: str, key: str) -> StoryShape:
    """Take back a cancellation, or the skipping of a step"""
    return _act(
        name, plant, key,
        lambda about, who: flow_acts.reopen(tower(), name, about, who, given.reason, given.step),
    )  # fmt: skip


def _act(name: str, plant: str, key: str, act: Callable[[Subject, str], Progress]) -> StoryShape:
    subject = _subject(name, plant, key)
    who = access.caller()
    close_reading()
    try:
        act(subject, who)
    except LookupError:
        raise _unknown() from None
    except flow_acts.NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    except Stale as stale:
        raise ApiError(409, "Old news", stale.verdict.why) from None
    return _known(name, plant, key)


def _unknown() -> ApiError:
    return ApiError(404, "Not found", "there is no such flow, or nothing of this name is in it")


def _declared(name: str) -> Flow:
    for each in tower().landscape.flows:
        if each.name == name:
            return each
    raise _unknown()


def _at_step(declared: Flow, step: str) -> None:
    if step not in declared.by_name:
        known = ", ".join(declared.by_name)
        raise asked.bad_parameter("step", f"is none of {known}")


def _subject(name: str, plant: str, key: str) -> Subject:
    kind = _declared(name).kind
    if any(ord(letter) < 32 for letter in plant + key):
        raise _unknown()
    return Subject(plant, f"{kind}/{key}")


def _known(name: str, plant: str, key: str) -> StoryShape:
    kept = flow.get(reading(), _subject(name, plant, key), name)
    stories = flow_view.told([kept]) if kept else []
    if not stories or stories[0].progress.began_at is None:
        raise _unknown()
    return _shape(stories[0])


def _shape(story: Story) -> StoryShape:
    progress = story.progress
    plant, name = progress.subject
    acts = flow.acts_of(reading(), [progress.subject]).get((progress.subject, progress.flow.name), [])
    return StoryShape(
        progress.flow.name, plant, progress.subject.key, f"{plant}/{name}", progress.state, progress.began_at,
        progress.promise_at, progress.ended_at, progress.in_time,
        [each.state.step.name for each in story.open_lines], [_step(each) for each in story.lines],
        [DecisionShape(each.at, each.who, each.action, each.step, each.reason) for each in acts],
    )  # fmt: skip


def _step(line: Line) -> StepShape:
    state, carried = line.state, line.delivery
    return StepShape(
        state.step.name, state.step.title, state.state, state.at, state.ready_at, line.due_at, line.late is not None,
        state.system, str(state.message) if state.message else None, state.step.team, list(state.faults),
        str(carried.id) if carried else None, carried.state if carried else None,
    )  # fmt: skip


def _figures(declared: Flow, days: tuple[str, str], plants: list[str]) -> FlowFigures:
    connection = reading()
    total = flow_figure.total(flow_figure.cohorts(connection, declared.name, days, now(), plants))
    stops = flow_figure.stops(connection, declared.name, now(), plants)
    spreads = flow_figure.spreads(connection, declared.name, days, plants)
    return FlowFigures(
        declared.name, declared.title, declared.kind, _seconds(declared.within), total.begun, total.completed,
        total.in_time, total.overdue, total.cancelled, total.smooth, total.rate,
        [_step_figures(declared, name, stops.get(name), spreads.get(name)) for name in declared.by_name],
    )  # fmt: skip


def _step_figures(
    declared: Flow, name: str, stop: flow_figure.Stop | None, spread: flow_figure.Spread | None
) -> StepFigures:
    step, stop = declared.by_name[name], stop or flow_figure.Stop(0, 0, 0, None)
    return StepFigures(
        name, step.title, list(step.after), step.route, step.optional, step.team, _seconds(step.within),
        stop.waiting, stop.late, stop.wrong, stop.oldest, spread.number if spread else 0,
        spread.median if spread else None, spread.p90 if spread else None,
    )  # fmt: skip


def _seconds(length: datetime.timedelta | None) -> float | None:
    return length.total_seconds() if length else None


def _cohort(each: flow_figure.Cohort) -> CohortShape:
    return CohortShape(
        each.plant, each.day, each.begun, each.completed, each.in_time, each.overdue, each.cancelled, each.smooth,
        each.rate,
    )  # fmt: skip
