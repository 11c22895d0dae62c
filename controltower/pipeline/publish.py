"""An event meets a route: what is to be told to whom is written down in the transaction of the event itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain.belief import Belief
from controltower.domain.delivery import Delivery
from controltower.domain.event import Recorded, content_id
from controltower.domain.landscape import Landscape, System
from controltower.domain.route import EVERY, LATEST, Route
from controltower.domain.subject import Subject, order_of
from controltower.domain.value import Value
from controltower.pipeline import lanes
from controltower.pipeline.tower import Tower
from controltower.store import belief, delivery, event
from controltower.store.message import MessageIds

Beliefs = Mapping[tuple[str, str], Belief]
_OVER = frozenset({"closed", "cancelled"})
# Ids grow with time; this node is no web server's. Only who holds the ledger's turn takes them.
_ids = MessageIds(node=254)


class Told(NamedTuple):
    """An event that was taken over, the beliefs that it moved, and whether its system spoke of the subject first."""

    recorded: Recorded
    moves: list[Belief]
    first: bool = False

    @property
    def is_history(self) -> bool:
        """Whether a poll brought something that was over before the tower ever heard of it: nobody needs to be told."""
        status = self.recorded.event.attributes.get("status")
        over = status is not None and status.text in _OVER
        return self.first and over and self.recorded.channel in ("poll", "fetched")


class Lack(NamedTuple):
    """Something that a route should carry and cannot: attributes are missing that the target needs."""

    route: Route
    subject: Subject
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """What became of events: deliveries written, and what could not be."""

    deliveries: Sequence[Delivery] = ()
    lacks: Sequence[Lack] = ()


class _Matched(NamedTuple):
    route: Route
    target: System
    recorded: Recorded


def new_id() -> int:
    """The id of a new delivery, out of the same row as the messages' ids. The caller holds the turn of
    `one_at_a_time`."""
    return _ids.next()


def publish(connection: Connection, tower: Tower, told: Sequence[Told]) -> Published:
    """Write the deliveries to which events give rise. Their beliefs are stored already; an event that was published
    before (its message is read again) is not published again."""
    matched = _newest(_matches(tower, told))
    if matched:
        known = {(each.route, each.target, each.event) for each in _known(connection, matched)}
        matched = [each for each in matched if (each.route.name, each.target.id, _event(each)) not in known]
    if not matched:
        return Published()
    held = beliefs_of(connection, {each.recorded.event.subject for each in matched})
    made = [_make(tower, each, held[each.recorded.event.subject]) for each in matched]
    new = [each for each in made if isinstance(each, Delivery)]
    return Published(
        lanes.insert(connection, tower, new) if new else (),
        [each for each in made if isinstance(each, Lack)],
    )


def compose(
    connection: Connection, tower: Tower, route: Route, target: System, subject: Subject
) -> Delivery | Lack | None:
    """A delivery of the present values about a subject, not stored yet; None when the route's source never spoke of
    it. The caller adds who wants it and why, and hands it to `lanes.insert`."""
    sources = {each.id for each in tower.landscape.of_role(subject.plant, route.source)}
    told = [each for each in event.of_subject(connection, subject) if each.event.system in sources]
    if not told:
        return None
    made = _make(
        tower, _Matched(route, target, told[-1]), beliefs_of(connection, [subject])[subject], afresh=True
    )
    return made if isinstance(made, Lack) or made.attributes.keys() - route.fixed.keys() else None


def beliefs_of(
    connection: Connection, subjects: Iterable[Subject]
) -> dict[Subject, dict[tuple[str, str], Belief]]:
    """All beliefs about some subjects, by attribute and system."""
    found: dict[Subject, dict[tuple[str, str], Belief]] = {subject: {} for subject in subjects}
    for subject, held in belief.of(connection, found):
        found[subject][held.attribute, held.system] = held
    return found


def content(
    landscape: Landscape, route: Route, subject: Subject, source: str, beliefs: Beliefs
) -> dict[str, Value]:
    """What a route carries about a subject now: of each attribute its owner's value, else the source's."""
    found: dict[str, Value] = {}
    for attribute in route.take:
        ownership = landscape.ownership(subject.kind, attribute)
        owner = landscape.owner_system(subject.plant, ownership) if ownership else None
        held = (owner and beliefs.get((attribute, owner.id))) or beliefs.get((attribute, source))
        if held is not None:
            found[attribute] = held.value
    return found | {name: Value(text) for name, text in route.fixed.items()}


def _matches(tower: Tower, told: Sequence[Told]) -> Iterator[_Matched]:
    landscape = tower.landscape
    for recorded, moves, _ in (each for each in told if not each.is_history):
        subject, system = recorded.event.subject, recorded.event.system
        for route in landscape.routes_of(subject.kind):
            if route.takes(landscape.system(system).role, recorded.event, moves):
                for target in landscape.of_role(subject.plant, route.target):
                    if target.id in tower.senders and target.id != system:
                        yield _Matched(route, target, recorded)


def _newest(matched: Iterable[_Matched]) -> list[_Matched]:
    """Of what came together only the newest, where the newest is all that counts."""
    found: dict[tuple[object, ...], _Matched] = {}
    for each in matched:
        key: tuple[object, ...] = each.route.name, each.target.id, each.recorded.event.subject
        if each.route.keep == EVERY:
            key = *key, each.recorded.position
        found.pop(key, None)  # so that the order is that of the newest
        found[key] = each
    return list(found.values())


def _known(connection: Connection, matched: Sequence[_Matched]) -> list[Delivery]:
    return delivery.of_events(connection, [_event(each) for each in matched])


def _event(matched: _Matched) -> str:
    return matched.recorded.event.id


def _make(tower: Tower, matched: _Matched, beliefs: Beliefs, *, afresh: bool = False) -> Delivery | Lack:
    route, target, recorded = matched
    told = recorded.event
    attributes = content(tower.landscape, route, told.subject, told.system, beliefs)
    if route.keep != LATEST and not afresh:
        # Each one counts, so each one says what it said.
        attributes |= {name: value for name, value in told.attributes.items() if name in route.take}
    missing = tuple(name for name in route.needs if name not in attributes)
    if missing:
        return Lack(route, told.subject, missing)
    id, now = new_id(), tower.now()
    order = order_of(told.subject)
    refs = ({"order": order} if order else {}) | dict(told.refs)
    key = content_id(route.name, target.id, told.id, str(id) if afresh else "")
    return Delivery(
        id, told.subject, route.name, target.id, told.system, told.type, attributes, refs, told.id, recorded.position,
        told.occurred_at, now, id, key, recorded.trace, route.tier or target.tier, now + route.deliver_within,
        next_at=now,
    )  # fmt: skip
