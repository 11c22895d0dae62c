"""One subject in one flow: its steps with times, owner and delivery, and what a person may do about each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from controltower.domain.exception import Case
from controltower.domain.flow_progress import DONE as DONE_STEP
from controltower.domain.flow_progress import OPEN_STEPS, SKIPPED, STOPPED, WRONG
from controltower.domain.subject import Subject, order_of
from controltower.pipeline import flow_acts
from controltower.pipeline.resubmit import Stale
from controltower.store import case, flow
from controltower.web import flow_view, hx
from controltower.web.flow_view import Line, Story
from controltower.web.flows import declared_flow
from controltower.web.login import who
from controltower.web.security import roles
from controltower.web.tower import close_reading, reading, tower

bp = Blueprint("flow", __name__)
DONE = {
    "retry": "The step is tried again.",
    "skip": "The step is skipped; the flow goes on without it.",
    "cancel": "The flow is cancelled. Nothing was sent or taken back.",
    "reopen": "It is open again.",
}


@bp.get("/flows/<name>/<plant>/<path:key>")
def show(name: str, plant: str, key: str) -> Response:
    """All about one subject in one flow."""
    declared = declared_flow(name)
    subject = Subject(plant, f"{declared.kind}/{key}")
    kept = None if "\0" in plant + key else flow.get(reading(), subject, name)
    stories = flow_view.told([kept]) if kept else []
    if not stories or stories[0].progress.began_at is None:
        abort(404)
    return hx.page(
        "flow.html",
        story=stories[0],
        name=flow_view.name_of(subject),
        order=order_of(subject),
        acts=flow.acts_of(reading(), [subject]).get((subject, name), ()),
        states=flow_view.STATES,
        cases=cases_by_step(stories[0]),
        can=can_of(stories[0]),
    )


def cases_by_step(story: Story) -> dict[str, Case]:
    """The open exception of each step, be it the flow's own or that of the expectation which watches it."""
    progress = story.progress
    rules = {each.step.expectation: each.step.name for each in progress.steps if each.step.expectation}
    found: dict[str, Case] = {}
    for each in case.open_about(reading(), progress.subject):
        flow_name, _, step = each.key.partition(" ")
        if each.rule in rules:
            found[rules[each.rule]] = each
        elif each.rule.startswith("flow-") and flow_name == progress.flow.name:
            found[step] = each
    return found


def can_of(story: Story) -> Callable[[str, Line], bool]:
    """Whether an act on a step is offered."""
    running = story.progress.state != STOPPED

    def can(act: str, line: Line) -> bool:
        state = line.state
        if act == "reopen":
            return state.state == SKIPPED
        if act == "skip":
            return running and not line.over and state.state in OPEN_STEPS
        if state.state in OPEN_STEPS:
            return running and not state.faults and (bool(state.step.sends) or state.state == WRONG)
        return running and state.state == DONE_STEP and bool(state.step.route)

    return can


@bp.post("/flow/<name>/<plant>/<action>/<path:key>")
@roles("planner", "integration")
def act(name: str, plant: str, action: str, key: str) -> Response:
    """Retry or skip a step, cancel the flow, or reopen either; the result is told on the page."""
    subject = Subject(plant, f"{declared_flow(name).kind}/{key}")
    close_reading()
    try:
        ACTS[action](name, subject)
    except (KeyError, LookupError):
        abort(404)
    except flow_acts.NotPossible as trouble:
        flash(str(trouble), "warn")
    except Stale as stale:
        flash(f"{stale.verdict.why} Tick “although” to send it all the same.", "warn")
    else:
        flash(DONE[action], "ok")
    return hx.go_to(url_for("flow.show", name=name, plant=plant, key=key))


def reason_asked() -> str:
    return request.form.get("reason", "")[:500]


def retry(name: str, subject: Subject) -> None:
    although = bool(request.form.get("although"))
    flow_acts.retry(tower(), name, subject, request.form.get("step", ""), who(), reason_asked(), although)


def skip(name: str, subject: Subject) -> None:
    flow_acts.skip(tower(), name, subject, request.form.get("step", ""), who(), reason_asked())


def cancel(name: str, subject: Subject) -> None:
    flow_acts.cancel(tower(), name, subject, who(), reason_asked())


def reopen(name: str, subject: Subject) -> None:
    flow_acts.reopen(tower(), name, subject, who(), reason_asked(), request.form.get("step", ""))


ACTS: dict[str, Callable[[str, Subject], Any]] = {
    "retry": retry,
    "skip": skip,
    "cancel": cancel,
    "reopen": reopen,
}
