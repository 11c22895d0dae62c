"""Orders of which followers speak and which the ERP does not know: which of its own orders they may mean."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.condition import Condition
from controltower.domain.event import Recorded
from controltower.domain.landscape import Landscape
from controltower.domain.spelling import others
from controltower.domain.subject import Subject, order_subject
from controltower.domain.view import View, root_of
from controltower.pipeline.tower import Tower
from controltower.rules.checks.unknown_order import CHECK, MARK, OWNER, TRUNCATED, TWIN_KEY, WRONG_PLANT
from controltower.store import belief, condition

# A number of fewer letters begins too many others.
_SHORTEST = 4
_MOST = 20


def awaiting(connection: Connection, fresh: Iterable[Recorded]) -> dict[Subject, list[Subject]]:
    """Orders of which events speak -> the strangers that were taken to mean them: the right name may come now."""
    found: dict[Subject, list[Subject]] = {}
    spoken = {
        str(each.event.subject): each.event.subject for each in fresh if each.event.subject.kind == "order"
    }
    for stranger, key in condition.of_rule(connection, CHECK.rule) if spoken else ():
        for name in spoken.keys() & set(key.split(MARK)):
            found.setdefault(spoken[name], []).append(stranger)
    return found


def fill(
    connection: Connection,
    tower: Tower,
    views: Mapping[Subject, View],
    fresh: Sequence[Recorded],
    holding: Iterable[Condition],
) -> None:
    """Let the views of strangers hold what their numbers may mean, and who spoke of it last. What one was taken to mean
    at first, it means until that is put right."""
    taken = {each.root: each.key.split(MARK) for each in holding if each.rule == CHECK.rule and each.key}
    owners = {each.id for each in tower.landscape.systems.values() if each.role == OWNER}
    own = {root_of(each.event) for each in fresh if each.event.system in owners}
    for root, view in views.items():
        if root.kind != "order" or root in own or _known(view, owners):
            continue
        meant = _meant(connection, tower.landscape, root, owners, own)
        for subject, heard in belief.hearings_of(connection, [root, *meant]):
            view.heard[subject, heard.system] = heard.position
        speakers = {each.event.system for each in fresh if root_of(each.event) == root}
        kept = {known: why for known, why in meant.items() if str(known) in taken.get(root, ())}
        view.alike = kept or _new_to(view, meant, speakers)


def _new_to(view: View, meant: Mapping[Subject, str], speakers: Iterable[str]) -> dict[Subject, str]:
    """Without what a cut number cannot mean: orders of which its systems have spoken by their whole number."""
    known = {each for each in meant for system in speakers if (each, system) in view.heard}
    return {each: why for each, why in meant.items() if why != TRUNCATED or each not in known}


def _known(view: View, owners: set[str]) -> bool:
    return any(system in owners for _, system in view.held.get(view.root, ()))


def _meant(
    connection: Connection, landscape: Landscape, root: Subject, owners: set[str], told: Collection[Subject]
) -> dict[Subject, str]:
    """The ERP's orders that a stranger may mean, with the reason; `told` are those of which it speaks just now."""
    spelled = {order_subject(root.plant, key): TWIN_KEY for key in others(root.key)}
    plants = {plant for id in owners for plant in landscape.systems[id].plants} - {root.plant}
    asked = spelled | {Subject(plant, root.name): WRONG_PLANT for plant in plants}
    heard = {subject for subject, each in belief.hearings_of(connection, asked) if each.system in owners}
    found = {subject: reason for subject, reason in asked.items() if subject in heard or subject in told}
    if found or len(root.key) < _SHORTEST:
        return found
    longer = belief.heard_beginning(connection, root.plant, root.name, sorted(owners), _MOST)
    return {subject: TRUNCATED for subject, _ in longer if subject != root}
