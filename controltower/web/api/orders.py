"""`/orders`: what every system believes about an order, now or at a moment of the past."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

import msgspec

from controltower.domain.asof import HAPPENED, beliefs_at
from controltower.domain.belief import Belief
from controltower.domain.drift import CLOSED, Drift
from controltower.domain.event import Position, Recorded
from controltower.domain.flow_progress import LEFT_BEHIND
from controltower.domain.subject import Subject, order_subject
from controltower.store import belief, drift, event
from controltower.web import flow_view
from controltower.web.api import asked, paging, shapes
from controltower.web.api.call import call
from controltower.web.problems import ApiError
from controltower.web.tower import now, reading, tower

SUMMARISED = ("status", "item", "quantity", "due_date", "planned_start", "planned_end")
# More events than any order has in its life: an as-of answer must see them all.
_WHOLE_STORY = 50_000

Beliefs = dict[str, dict[str, shapes.BeliefShape]]


class OrderQuery(asked.Paged, kw_only=True):
    """`q`: how the order's number begins."""

    plant: asked.Word = ""
    q: asked.Word = ""


class OrderLine(msgspec.Struct):
    """One order: each attribute as its owner says it, and how many attributes are in open drift or still settling."""

    plant: str
    order: str
    attributes: dict[str, shapes.HeldValue]
    drift: int
    settling: int


class Orders(msgspec.Struct):
    """Orders by plant and number."""

    items: list[OrderLine]
    next: str | None


class AsOfQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`as_of`: what happened up to then. `known_by`: only what the tower had learnt by then."""

    as_of: asked.Moment | None = None
    known_by: asked.Moment | None = None


class Milestone(msgspec.Struct):
    """One step of a flow; `at`, `system` and `message` once it is left behind."""

    name: str
    title: str
    state: str
    at: datetime.datetime | None
    system: str
    message: str | None


class FlowShape(msgspec.Struct):
    """A flow of the order: its state, and its steps in order."""

    name: str
    title: str
    state: str
    milestones: list[Milestone]


class Operation(msgspec.Struct):
    """One operation of the order and what is believed about it."""

    operation: str
    subject: str
    beliefs: Beliefs


class Order(msgspec.Struct):
    """An order: `beliefs` by attribute and system, `owners` by attribute (null where nobody is declared)."""

    plant: str
    order: str
    subject: str
    as_of: datetime.datetime
    known_by: datetime.datetime | None
    beliefs: Beliefs
    owners: dict[str, str | None]
    drift: list[shapes.DriftShape]
    flows: list[FlowShape]
    operations: list[Operation]


@call("GET", "/orders", answer=Orders, query=OrderQuery)
def list_orders(query: OrderQuery) -> Orders:
    """Orders by plant and number, each attribute as its owner says it"""
    mark = paging.read_cursor(query.cursor, tuple[str, str])
    if mark and "\0" in "".join(mark):
        raise asked.bad_parameter("cursor", "is none that the tower gave out")
    plants = [query.plant] if query.plant else list(tower().landscape.plants)
    after = "/".join(mark) if mark else ""
    found = belief.orders(reading(), plants=plants, prefix=query.q, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    more = paging.write_cursor(shown[-1].plant, shown[-1].key) if len(found) > query.limit else None
    return Orders(_lines(shown), more)


@call("GET", "/orders/<plant>/<path:order>", answer=Order, query=AsOfQuery, refusals=(404,))
def get_order(query: AsOfQuery, plant: str, order: str) -> Order:
    """What each system believes about an order, since when, and where they disagree

    With `as_of` the answer is exact for that moment: late messages count where they belong. With `known_by` too,
    only what the tower had learnt by then counts.
    """
    history = story(plant, order)
    moment = query.as_of or now()
    seen = [each for each in history if query.known_by is None or each.learnt_at <= query.known_by]
    past = query.as_of is not None or query.known_by is not None
    held = _held_then(seen, moment) if past else belief.of_order(reading(), plant, order)
    events = {each.position: each.event.id for each in history}
    about = order_subject(plant, order)
    beliefs = _by_attribute((each for subject, each in held if subject == about), events)
    return Order(
        plant, order, str(about), moment, query.known_by, beliefs, _owners(about, beliefs),
        _drift(plant, order, query, moment), _flows(about, seen, moment if past else None), _operations(held, events),
    )  # fmt: skip


def story(plant: str, order: str) -> list[Recorded]:
    """All events of an order and its operations; raises 404 when nobody ever spoke of it."""
    if any(ord(letter) < 32 for letter in plant + order):
        raise ApiError(404, "Not found", "no system ever spoke of this order")
    history = event.of_order(reading(), plant, order, _WHOLE_STORY)
    if not history:
        raise ApiError(404, "Not found", "no system ever spoke of this order")
    return history


def _held_then(seen: Iterable[Recorded], moment: datetime.datetime) -> list[tuple[Subject, Belief]]:
    return [(subject, each) for (subject, _, _), each in beliefs_at(seen, moment, HAPPENED).items()]


def _by_attribute(held: Iterable[Belief], events: dict[Position, str]) -> Beliefs:
    found: Beliefs = {}
    for each in sorted(held, key=lambda one: (one.attribute, one.system)):
        shape = shapes.belief_shape(each, events.get(each.position, ""))
        found.setdefault(each.attribute, {})[each.system] = shape
    return found


def _owner(subject: Subject, attribute: str) -> str | None:
    landscape = tower().landscape
    ownership = landscape.ownership(subject.kind, attribute)
    system = landscape.owner_system(subject.plant, ownership) if ownership else None
    return system.id if system else None


def _owners(about: Subject, beliefs: Beliefs) -> dict[str, str | None]:
    return {attribute: _owner(about, attribute) for attribute in beliefs}


def _drift(plant: str, order: str, query: AsOfQuery, moment: datetime.datetime) -> list[shapes.DriftShape]:
    """Now: what lasts. In the past: what lasted then."""
    found = drift.of_order(reading(), plant, order)
    if query.as_of is None and query.known_by is None:
        return [shapes.drift_shape(each) for each in found if each.state != CLOSED]
    known_by = query.known_by or moment
    return [shapes.drift_shape(each) for each in found if _lasted(each, min(moment, known_by))]


def _lasted(each: Drift, moment: datetime.datetime) -> bool:
    return each.learnt_at <= moment and (each.closed_at is None or each.closed_at > moment)


def _flows(subject: Subject, seen: Sequence[Recorded], until: datetime.datetime | None) -> list[FlowShape]:
    return [
        FlowShape(
            progress.flow.name,
            progress.flow.title,
            progress.state,
            [
                Milestone(
                    each.step.name, each.step.title, each.state, each.at if each.state in LEFT_BEHIND else None,
                    each.system, str(each.message) if each.message else None,
                )
                for each in progress.steps
            ],
        )
        for progress in (story.progress for story in flow_view.told_by(subject, seen, until))
    ]  # fmt: skip


def _operations(held: Iterable[tuple[Subject, Belief]], events: dict[Position, str]) -> list[Operation]:
    found: dict[Subject, list[Belief]] = {}
    for subject, each in held:
        if subject.kind == "operation":
            found.setdefault(subject, []).append(each)
    return [
        Operation(subject.key.rpartition("/")[2], str(subject), _by_attribute(beliefs, events))
        for subject, beliefs in sorted(found.items())
    ]


def _lines(subjects: Sequence[Subject]) -> list[OrderLine]:
    found = {subject: OrderLine(subject.plant, subject.key, {}, 0, 0) for subject in subjects}
    owners = {
        (plant, name): _owner(Subject(plant, "order/"), name)
        for plant in {subject.plant for subject in subjects}
        for name in SUMMARISED
    }
    for subject, each in belief.of(reading(), subjects):
        attributes = found[subject].attributes
        owned = owners.get((subject.plant, each.attribute)) == each.system
        if each.attribute in SUMMARISED and (owned or each.attribute not in attributes):
            attributes[each.attribute] = shapes.held_value(each.value)
    for disagreement in drift.unclosed_of(reading(), subjects):
        line = found[disagreement.subject]
        line.drift += disagreement.alarmed
        line.settling += not disagreement.alarmed
    return list(found.values())
