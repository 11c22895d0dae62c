"""A delivery is applied when the target itself shows it: its own beliefs are asked, never its answer alone."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.belief import Belief
from controltower.domain.delivery import APPLIED, DELIVERED, Delivery
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject
from controltower.domain.value import differ
from controltower.domain.vocabulary import value_kind
from controltower.pipeline import measure
from controltower.pipeline.publish import Told, beliefs_of
from controltower.pipeline.tower import Tower
from controltower.store import delivery

Beliefs = Mapping[tuple[str, str], Belief]


def notice(connection: Connection, tower: Tower, told: Sequence[Told]) -> list[Delivery]:
    """See which deliveries the targets show by now, after they have spoken. Returns those that are applied."""
    spoke = {
        each.recorded.event.subject
        for each in told
        if tower.landscape.routed_to(tower.landscape.system(each.recorded.event.system).role)
    }
    if not spoke:
        return []
    awaited = [each for each in delivery.live_of(connection, spoke, lock=False) if each.state == DELIVERED]
    return settle(connection, tower, awaited)


def settle(connection: Connection, tower: Tower, delivered: Sequence[Delivery]) -> list[Delivery]:
    """Mark as applied what the targets show. Returns those that are."""
    awaited = [each for each in delivered if each.applied_by is not None]
    if not awaited:
        return []
    held = beliefs_of(connection, {each.subject for each in awaited})
    now = tower.now()
    shown = [
        each._replace(state=APPLIED, applied_at=now, applied_by=None)
        for each in awaited
        if shows(tower.landscape, each, held[each.subject])
    ]
    delivery.put(connection, shown)
    measure.applied(connection, tower, shown)
    tower.witness.applied(shown)
    return shown


def shows(landscape: Landscape, each: Delivery, beliefs: Beliefs) -> bool:
    """Whether the target's beliefs show what was delivered: the route's sign, and no value that says otherwise.

    What the owner has changed since may have come to the target on another way: its present value is as good."""
    route = landscape.routes.get(each.route)
    followed = list(_followed(landscape, each, beliefs))
    if route is not None and route.applied is not None:
        held = beliefs.get((route.applied.attribute, each.target))
        if held is None or not route.applied.shown_by_move(route.target, held.attribute, held.value):
            return False
    elif not followed:
        return holds_all(landscape, each, beliefs)
    return all(
        _agrees(landscape, each, beliefs[name, each.target]) or _is_up_to_date(landscape, each, name, beliefs)
        for name in followed
    )


def _is_up_to_date(landscape: Landscape, each: Delivery, name: str, beliefs: Beliefs) -> bool:
    """Whether the target holds what the owner holds now."""
    ownership = landscape.ownership(each.subject.kind, name)
    owner = landscape.owner_system(each.subject.plant, ownership) if ownership else None
    present = beliefs.get((name, owner.id)) if owner else None
    if present is None:
        return False
    tolerance = _terms(landscape, each.subject, name, each.target) or ""
    kind = value_kind(each.subject.kind, name)
    return not differ(kind, present.value, beliefs[name, each.target].value, tolerance)


def holds_all(landscape: Landscape, each: Delivery, beliefs: Beliefs) -> bool:
    """Whether the target holds every carried value of which it says anything, and says something of at least one."""
    said = [beliefs[name, each.target] for name in each.attributes if (name, each.target) in beliefs]
    return bool(said) and all(_agrees(landscape, each, held) for held in said)


def _followed(landscape: Landscape, each: Delivery, beliefs: Beliefs) -> Iterable[str]:
    """The carried attributes that the target is declared to follow, as far as it speaks of them."""
    for name in each.attributes:
        if (name, each.target) in beliefs and _terms(landscape, each.subject, name, each.target) is not None:
            yield name


def _agrees(landscape: Landscape, each: Delivery, held: Belief) -> bool:
    name = held.attribute
    tolerance = _terms(landscape, each.subject, name, each.target) or ""
    return not differ(value_kind(each.subject.kind, name), each.attributes[name], held.value, tolerance)


def _terms(landscape: Landscape, subject: Subject, attribute: str, target: str) -> str | None:
    """The tolerance within which a system must follow an attribute; None where it need not."""
    ownership = landscape.ownership(subject.kind, attribute)
    role = landscape.system(target).role
    return (
        next((each.tolerance for each in ownership.followers if each.role == role), None)
        if ownership
        else None
    )
