"""Orders that must be looked at together: split off one another, or carrying one reference."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.event import Recorded
from controltower.domain.subject import Subject, order_subject
from controltower.store import kin

# An order -> the orders whose views hold it too.
Kindred = Mapping[Subject, Sequence[Subject]]
Pair = tuple[Subject, Subject]
# How a reference is written where else an order's number stands: nobody numbers orders like that.
_CARRIED = "reference "
# Where more carry one, the first few show it.
_MOST = 3


def bonds(connection: Connection, fresh: Iterable[Recorded], by_reference: bool) -> list[Pair]:
    """The orders that events bind together, as (order, the one that belongs to it), both ways; those that carry one
    reference only where references are meant to be unique."""
    found: set[Pair] = set()
    carriers: set[Pair] = set()
    for told in (each.event for each in fresh if each.event.subject.kind == "order"):
        parent, reference = told.attributes.get("parent"), told.attributes.get("reference")
        if parent and parent.text:
            found |= _both(told.subject, order_subject(told.subject.plant, parent.text))
        if by_reference and reference and reference.text:
            carriers.add((_named(told.subject.plant, reference.text), told.subject))
    return sorted(found | _of_one_reference(connection, carriers))


def _of_one_reference(connection: Connection, carriers: set[Pair]) -> set[Pair]:
    """Who carries a reference is written down, and bound to those who carried it before."""
    if not carriers:
        return set()
    kin.add(connection, sorted(carriers))
    known: dict[Subject, list[Subject]] = {}
    for name, order in kin.of(connection, {name for name, _ in carriers}):
        known.setdefault(name, []).append(order)
    return {
        pair
        for name, order in carriers
        for other in [each for each in sorted(known[name]) if each != order][:_MOST]
        for pair in _both(order, other)
    }


def relatives(connection: Connection, roots: Iterable[Subject]) -> Kindred:
    """The orders bound to some, each with those to which it is."""
    orders = [root for root in roots if root.kind == "order"]
    found: dict[Subject, list[Subject]] = {}
    for root, subject in kin.of(connection, orders) if orders else ():
        if subject.kind == "order":
            found.setdefault(subject, []).append(root)
            found.setdefault(root, []).append(subject)
    return found


def _named(plant: str, reference: str) -> Subject:
    return order_subject(plant, f"{_CARRIED}{reference}")


def _both(one: Subject, other: Subject) -> set[Pair]:
    return {(one, other), (other, one)} if one != other else set()
