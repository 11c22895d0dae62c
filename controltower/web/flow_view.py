"""What the pages and the API show of flows: each step with what stands behind it, now or at a moment of the past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for

from controltower.domain.delivery import DEAD, Delivery
from controltower.domain.event import Recorded
from controltower.domain.flow_evidence import gather
from controltower.domain.flow_progress import (
    AHEAD,
    COMPLETED,
    DONE,
    IDLE,
    OPEN_STEPS,
    PASSED,
    RUNNING,
    SKIPPED,
    STOPPED,
    WAITING,
    WRONG,
    Progress,
    StepState,
    judge,
)
from controltower.domain.subject import Subject
from controltower.pipeline.flows import working
from controltower.store import flow
from controltower.store.flow import Instance, Told
from controltower.web import outgoing
from controltower.web.tower import now, reading, tower

# state of a flow -> (words, tone)
STATES = {
    RUNNING: ("under way", "info"),
    COMPLETED: ("completed", "ok"),
    STOPPED: ("cancelled", "idle"),
    AHEAD: ("not begun", "wait"),
}
# state of a step -> (words, tone, icon)
STEP_STATES = {
    DONE: ("done", "ok", "ok"),
    SKIPPED: ("skipped", "idle", "right"),
    PASSED: ("went on without", "idle", "right"),
    WAITING: ("waiting", "wait", "wait"),
    WRONG: ("goes wrong", "bad", "bad"),
    IDLE: ("not needed", "idle", "idle"),
    AHEAD: ("not yet", "idle", "idle"),
}


@dataclass(frozen=True)
class Line:
    """One step of one subject, with the delivery that carries it, if the tower does."""

    state: StepState
    delivery: Delivery | None = None
    over: bool = False  # the flow has ended

    @property
    def due_at(self) -> datetime | None:
        """Until when it should be done: by itself, else by the promise of what the tower carries for it."""
        each = self.delivery
        if self.over or self.state.state not in OPEN_STEPS or self.state.due_at or each is None:
            return self.state.due_at
        return each.applied_by or each.deadline

    @property
    def late(self) -> timedelta | None:
        """By how much it is beyond its time; None while it is not."""
        due, still = self.due_at, self.state.state in OPEN_STEPS and not self.over
        return now() - due if still and due is not None and due < now() else None

    @property
    def badge(self) -> tuple[str, str, str]:
        """(words, tone, icon): of a step that waits for a delivery, what becomes of that."""
        each = self.delivery
        if self.state.state == WAITING and each is None and self.late:
            return "late", "bad", "clock"
        if self.state.state != WAITING or each is None:
            return STEP_STATES[self.state.state]
        words, tone = outgoing.state_of(each)
        return words, tone, "bad" if each.state == DEAD else "out"

    @property
    def team(self) -> str:
        """Who is asked: while it goes wrong, whom the flow names for that."""
        step = self.state.step
        return (self.state.state == WRONG and step.trouble.team) or step.team

    @property
    def dead(self) -> bool:
        """Whether its delivery waits for a person."""
        return self.delivery is not None and self.delivery.state == DEAD


@dataclass(frozen=True)
class Story:
    """A flow of a subject with its steps."""

    progress: Progress
    lines: tuple[Line, ...]

    @property
    def open_lines(self) -> list[Line]:
        """Where it waits."""
        names = {each.step.name for each in self.progress.open_steps}
        return [each for each in self.lines if each.state.step.name in names and not each.over]

    @property
    def url(self) -> str:
        """Where all about it is shown."""
        subject = self.progress.subject
        return url_for("flow.show", name=self.progress.flow.name, plant=subject.plant, key=subject.key)

    @property
    def overdue(self) -> bool:
        """Whether its promise is broken already."""
        promise = self.progress.promise_at
        return self.progress.state == RUNNING and promise is not None and promise < now()


def told_by(subject: Subject, history: Sequence[Recorded], until: datetime | None = None) -> list[Story]:
    """The flows of a subject that have begun, by what happened there `until` a moment."""
    landscape = tower().landscape
    seen = [each for each in history if until is None or each.event.occurred_at <= until]
    kept = [
        Instance(subject, each.name, gather(each, seen, landscape.roles), Told())
        for each in landscape.flows_of(subject.kind)
    ]
    found = [each for each in _judged(kept, until or now()) if each.state != AHEAD]
    return _stories(found, with_deliveries=until is None)


def told(instances: Iterable[Instance]) -> list[Story]:
    """How far kept flows have come by now; those that nobody declares any more are left out."""
    return _stories(_judged(instances, now()))


def _judged(instances: Iterable[Instance], moment: datetime) -> list[Progress]:
    states = working(reading(), tower(), instances).values()
    return [judge(state.grounds(moment)) for state in states]


def _stories(found: Sequence[Progress], *, with_deliveries: bool = True) -> list[Story]:
    routes = {route for each in found for route in each.flow.routes} if with_deliveries else set()
    deliveries = flow.latest_deliveries(reading(), {each.subject for each in found}, routes)
    return [
        Story(
            each,
            tuple(
                Line(state, deliveries.get((each.subject, state.step.route)), each.ended_at is not None)
                for state in each.steps
            ),
        )
        for each in found
    ]


def name_of(subject: Subject) -> str:
    """What people call it: an order by its number, anything else with its kind."""
    return subject.key if subject.kind == "order" else f"{subject.kind} {subject.key}"
