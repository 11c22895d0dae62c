"""All that the ledger holds of one trace, gathered by key: no message is looked for by its trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain.delivery import DEAD, Delivery
from controltower.domain.event import Recorded
from controltower.domain.subject import Subject, order_of
from controltower.domain.trace import message_of
from controltower.domain.waterfall import Trail, shown_by
from controltower.store import event as events
from controltower.store import message as inbox
from controltower.store import trail as rows

MOST_SUBJECTS = 8
MOST_DELIVERIES = 60
MOST_MESSAGES = 60
EVENTS_OF_A_SUBJECT = 600
MOST_CAUSES = 20
_LARGEST_ID = 2**63


class Gathered(NamedTuple):
    """A trail, and the subjects that the trace is about: more than the trail shows where there are many."""

    trail: Trail
    subjects: Sequence[Subject]
    told: int  # of how many subjects the trail tells
    causes: Sequence[Delivery]  # of other traces: what its first messages were seen to answer


class Way(NamedTuple):
    """One trace of an order: the first delivery of it, all of them (newest first), and whom they told."""

    trace: str
    first: Delivery
    deliveries: Sequence[Delivery]
    targets: Sequence[str]

    @property
    def is_open(self) -> bool:
        return any(each.is_open for each in self.deliveries)

    @property
    def is_dead(self) -> bool:
        return any(each.state == DEAD for each in self.deliveries)


def gather(
    connection: Connection, trace: str, *, about: Subject | None = None, message: int | None = None
) -> Gathered | None:
    """What belongs to a trace, only what concerns one subject (or order) where it is named; None where nothing does.

    It is found by its deliveries, by the message that its id names if it began here, and by `message`."""
    found = rows.deliveries_of(connection, trace, 10 * MOST_DELIVERIES)
    mine = [each for each in found if about is None or concerns(each.subject, about)]
    roots = _roots(connection, trace, [message] if message else [], mine)
    if not roots:
        return None
    concerned = _concerned(connection, trace, roots, found)
    chosen = [each for each in concerned if about is None or concerns(each, about)][:MOST_SUBJECTS]
    since = min(roots)
    told = rows.events_about(connection, chosen, since, EVENTS_OF_A_SUBJECT)
    sent = rows.deliveries_about(connection, chosen, since, EVENTS_OF_A_SUBJECT)
    trail = _trail(connection, trace, roots, told, sent)
    causes = _causes(trail, rows.deliveries_before(connection, chosen, since, MOST_CAUSES))
    return Gathered(trail, concerned, len(chosen), causes)


def _causes(trail: Trail, before: Sequence[Delivery]) -> list[Delivery]:
    """The deliveries of other traces that a first message of this one showed to be applied."""
    found = []
    for each in before:
        shown = shown_by(each, trail.events)
        if shown is not None and each.trace != trail.trace and shown.trace == trail.trace:
            found.append(each)
    return found


def ways_of_order(connection: Connection, plant: str, order: str, most: int = 10) -> list[Way]:
    """The newest traces in which the tower carried something about an order, the newest first."""
    found: dict[str, list[Delivery]] = {}
    for each in rows.deliveries_of_order(connection, plant, order, 20 * most):
        if each.trace:
            found.setdefault(each.trace, []).append(each)
    newest = list(found.items())[:most]
    return [Way(trace, sent[-1], sent, tuple({each.target: None for each in sent})) for trace, sent in newest]


def concerns(subject: Subject, about: Subject) -> bool:
    """Whether a subject is another one, or belongs to its order."""
    order = order_of(about)
    return subject == about or (
        order is not None and subject.plant == about.plant and order_of(subject) == order
    )


def _roots(
    connection: Connection, trace: str, named: Sequence[int], deliveries: Sequence[Delivery]
) -> list[int]:
    """The messages with which it began."""
    first = message_of(trace)
    begun = [first] if first < _LARGEST_ID else []
    held = inbox.by_ids(connection, [*named, *begun, *{each.position.message for each in deliveries}])
    return sorted(id for id, each in held.items() if id != first or each.trace == trace)


def _concerned(
    connection: Connection, trace: str, roots: Sequence[int], deliveries: Sequence[Delivery]
) -> list[Subject]:
    """What the trace is about: the subjects of its deliveries first, then those of the first messages' events."""
    found = dict.fromkeys(each.subject for each in deliveries)
    for root in roots[:MOST_SUBJECTS]:
        told = events.of_message(connection, root)
        found.update(dict.fromkeys(each.event.subject for each in told if each.trace == trace))
    return list(found)


def _trail(
    connection: Connection,
    trace: str,
    roots: Sequence[int],
    told: Sequence[Recorded],
    about: Sequence[Delivery],
) -> Trail:
    deliveries, shown = _followed(trace, told, about)
    ids = {*roots, *(each.position.message for each in told if each.trace == trace)}
    ids |= {each.position.message for each in shown.values()}
    kept, sent = sorted(ids)[:MOST_MESSAGES], deliveries[:MOST_DELIVERIES]
    messages = inbox.by_ids(connection, kept)
    events_shown = [each for each in told if each.position.message in messages]
    attempts = rows.attempts_at(connection, [each.id for each in sent])
    cut = len(ids) > len(kept) or len(deliveries) > len(sent)
    return Trail(trace, [messages[id] for id in sorted(messages)], events_shown, sent, attempts, shown, cut)


def _followed(
    trace: str, told: Sequence[Recorded], about: Iterable[Delivery]
) -> tuple[list[Delivery], dict[int, Recorded]]:
    """The deliveries of a trace and those that followed from their effects, in order; and by what they were shown.

    A polled system tells its news in messages of its own traces: what it was seen to have applied joins them."""
    found: list[Delivery] = []
    shown: dict[int, Recorded] = {}
    effects: set[int] = set()
    ids: set[int] = set()
    for each in sorted(about, key=lambda each: each.id):
        if each.trace != trace and each.position.message not in effects and each.original not in ids:
            continue
        found.append(each)
        ids.add(each.id)
        by = shown_by(each, told)
        if by is not None:
            shown[each.id] = by
            if by.position.message > each.position.message:
                effects.add(by.position.message)
    return found, shown
