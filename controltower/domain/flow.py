"""An order's milestones in order, and how far each one has come."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from controltower.domain.event import Recorded
from controltower.domain.expectation import Sign


@dataclass(frozen=True)
class Milestone:
    name: str
    title: str
    sign: Sign


@dataclass(frozen=True)
class Flow:
    """A named row of milestones that an order passes."""

    name: str
    title: str
    milestones: tuple[Milestone, ...]


@dataclass(frozen=True)
class Reached:
    """A milestone of one order; `at` None while it has not been reached."""

    milestone: Milestone
    at: datetime.datetime | None
    system: str = ""
    message: int = 0


def progress(flow: Flow, history: Iterable[Recorded], roles: dict[str, str]) -> list[Reached]:
    """How far an order has come: for each milestone the first event (by the source's time) that shows it.

    `roles`: system id -> role."""
    found: dict[str, Reached] = {}
    for recorded in sorted(history, key=lambda each: each.event.occurred_at):
        role = roles.get(recorded.event.system, "")
        for milestone in flow.milestones:
            if milestone.name not in found and _shows(milestone.sign, role, recorded):
                event = recorded.event
                found[milestone.name] = Reached(
                    milestone, event.occurred_at, event.system, recorded.position.message
                )
    return [found.get(each.name, Reached(each, None)) for each in flow.milestones]


def _shows(sign: Sign, role: str, recorded: Recorded) -> bool:
    event = recorded.event
    if sign.shown_by_type(role, event.type):
        return True
    if event.subject.kind != "order":
        return False  # an operation's completion is not the order's
    return any(sign.shown_by_move(role, name, value) for name, value in event.attributes.items())
