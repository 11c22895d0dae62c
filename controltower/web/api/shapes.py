"""The forms that several calls share: values, events, disagreements, expectations as JSON."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from controltower.domain.belief import Belief
from controltower.domain.drift import Drift
from controltower.domain.event import Recorded
from controltower.domain.expectation import Expectation
from controltower.domain.value import Value
from controltower.web.tower import tower


class HeldValue(msgspec.Struct, omit_defaults=True):
    """A canonical value; `unit` (or currency) and the source's own words where there are any."""

    value: str
    unit: str = ""
    native: str = ""


class BeliefShape(msgspec.Struct):
    """What one system holds: since when there, learnt when here, from which event in which message."""

    value: str
    unit: str
    native: str
    since: datetime.datetime
    learnt_at: datetime.datetime
    event: str
    message: str


class EventShape(msgspec.Struct):
    """One canonical fact with its place in the inbox."""

    id: str
    type: str
    subject: str
    system: str
    occurred_at: datetime.datetime
    occurred_text: str
    recorded_at: datetime.datetime
    sequence: int | None
    channel: str
    message: str
    attributes: dict[str, HeldValue]
    refs: dict[str, str]
    correlation: str
    trace: str


class Evidence(msgspec.Struct):
    """One piece of proof: what it shows, and the message, event or delivery that shows it."""

    what: str
    message: str
    event: str
    delivery: str = ""


class DriftShape(msgspec.Struct):
    """An owner and a follower that disagree. `lag_seconds`: from the owner's change to the follower's."""

    id: str
    subject: str
    plant: str
    attribute: str
    owner: str
    follower: str
    owner_value: HeldValue
    follower_value: HeldValue
    state: str
    opened_at: datetime.datetime
    learnt_at: datetime.datetime
    allowed_until: datetime.datetime
    closed_at: datetime.datetime | None
    lag_seconds: float | None
    cause: str
    why: str
    action: str
    evidence: list[Evidence]


class ExpectationShape(msgspec.Struct):
    """Something due from a system; `awaits` says what exactly where the rule does not."""

    id: str
    rule: str
    subject: str
    plant: str
    system: str
    state: str
    opened_at: datetime.datetime
    due_at: datetime.datetime
    answered_at: datetime.datetime | None
    awaits: str
    trigger_event: str
    trigger_message: str
    answer_event: str


def held_value(value: Value) -> HeldValue:
    return HeldValue(*value)


def belief_shape(belief: Belief, event: str) -> BeliefShape:
    """A belief with the id of the event that it comes from."""
    return BeliefShape(
        *belief.value, belief.since, belief.learnt_at, event, str(belief.position.message)
    )  # fmt: skip


def event_shape(recorded: Recorded) -> EventShape:
    said = recorded.event
    return EventShape(
        said.id, said.type, str(said.subject), said.system, said.occurred_at, said.occurred_text, recorded.learnt_at,
        said.sequence, recorded.channel, str(recorded.position.message),
        {name: held_value(value) for name, value in said.attributes.items()}, dict(said.refs), said.correlation,
        recorded.trace,
    )  # fmt: skip


def drift_shape(each: Drift, action: str = "") -> DriftShape:
    return DriftShape(
        each.id, str(each.subject), each.subject.plant, each.attribute, each.owner, each.follower,
        held_value(each.owner_value), held_value(each.follower_value), each.state, each.opened_at, each.learnt_at,
        each.allowed_until, each.closed_at, each.lag, each.cause, each.why, action, evidence_shapes(each.evidence),
    )  # fmt: skip


def evidence_shapes(evidence: Any) -> list[Evidence]:
    return [
        Evidence(*(str(item.get(name, "")) for name in ("what", "message", "event", "delivery")))
        for item in evidence
    ]


def expectation_shape(each: Expectation) -> ExpectationShape:
    return ExpectationShape(
        each.id, each.rule, str(each.subject), each.subject.plant, each.system, each.state, each.opened_at,
        each.due_at, each.met_at, each.awaits, each.trigger_event, str(each.trigger.message), each.met_by,
    )  # fmt: skip


def rule_title(each: Expectation) -> str:
    """What was expected, in the words of its rule."""
    titles = {rule.name: rule.title for rule in tower().landscape.expectations}
    return titles.get(each.rule, each.rule.replace("-", " "))
