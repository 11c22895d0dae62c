"""Symptoms find the exception that they are a consequence of; many alike, and what comes and goes, become one."""

import datetime
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from controltower.domain.delivery import DEAD
from controltower.domain.exception import Case
from controltower.domain.subject import order_of
from controltower.pipeline.figures import figure
from controltower.pipeline.impact import merged
from controltower.pipeline.tower import Tower
from controltower.rules import gathering as rule
from controltower.rules.gathering import EXPECTED, FLAPPING, GATHERED, GATHERERS, MANY, OWN, RANK
from controltower.store import case, kinship, outbox


def gather(connection: Connection, tower: Tower, fresh: Sequence[Case]) -> None:
    """Give exceptions that were just written (opened, or released) their parents, and those that gather their
    children."""
    standing = [each for each in fresh if each.counts and each.resolved_at is None and each.system]
    for system in sorted({each.system for each in standing}):
        mine = [each for each in standing if each.system == system]
        _under_causes(connection, tower, system, mine)
        _under_own(connection, [each for each in _again(connection, mine) if each.counts])
        still = [each for each in _again(connection, mine) if each.counts]
        if FLAPPING not in tower.landscape.limits.off:
            _flapping(connection, tower, still)
        if MANY not in tower.landscape.limits.off:
            _many(connection, tower, system, [each for each in _again(connection, still) if each.counts])


def _again(connection: Connection, cases: Iterable[Case]) -> list[Case]:
    """Cases as they stand by now."""
    return list(case.by_ids(connection, [each.id for each in cases]).values())


# ---- consequences of one cause --------------------------------------------------------------------------------


def _under_causes(connection: Connection, tower: Tower, system: str, fresh: Sequence[Case]) -> None:
    """Symptoms at a system become children of the exceptions there that lead to such symptoms."""
    open_causes = kinship.open_at(connection, system, tuple(GATHERERS))
    causes = sorted(
        (each for each in open_causes if each.counts and rule.gathers(each)), key=lambda each: RANK[each.rule]
    )
    if not causes:
        return
    newly_caused = any(rule.gathers(each) for each in fresh)
    symptoms = kinship.open_at(connection, system) if newly_caused else fresh
    before = figure(tower.landscape, "gathering", "before")
    taken: dict[str, str] = {}
    for each in symptoms:
        if each.suppressed_until is None and _loose(each):
            cause = next(
                (one for one in causes if one.id not in taken and _fits(connection, each, one, before)), None
            )
            if cause is not None:
                taken[each.id] = cause.id
    _hand_over(connection, taken)


def _under_own(connection: Connection, fresh: Sequence[Case]) -> None:
    """What differs at a system because an answer about the same order was missed there is a child of that."""
    taken: dict[str, str] = {}
    for each in fresh:
        if each.subject is None:
            continue
        others = [
            one
            for one in case.open_about(connection, each.subject)
            if one.system == each.system and one.counts
        ]
        if rule.kind_of(each) == EXPECTED:
            taken |= {one.id: each.id for one in others if rule.follows(one, OWN)}
        elif rule.follows(each, OWN):
            missed = next((one for one in others if rule.kind_of(one) == EXPECTED), None)
            taken |= {each.id: missed.id} if missed else {}
    _hand_over(connection, taken)


def _loose(each: Case) -> bool:
    """Whether it stands by itself, or only under what the tower has gathered."""
    return each.rule not in GATHERED and (not each.parent or each.parent.startswith(GATHERED))


def _fits(connection: Connection, each: Case, cause: Case, before: datetime.timedelta) -> bool:
    consequences = GATHERERS[cause.rule]
    if each.id == cause.id or not rule.follows(each, consequences):
        return False
    if each.stands_since < rule.began(cause) - before or not _of_its_subject(each, cause):
        return False
    return not consequences.of_group or _died_of(connection, each, cause)


def _of_its_subject(each: Case, cause: Case) -> bool:
    """Whether a cause that is about one thing alone is about this one's."""
    if cause.subject is None:
        return True
    if each.subject is None or each.subject.plant != cause.subject.plant:
        return False
    return (order_of(each.subject) or each.subject.key) == (order_of(cause.subject) or cause.subject.key)


def _died_of(connection: Connection, each: Case, cause: Case) -> bool:
    """Whether a message about the same subject is dead in the cause's failure group."""
    if each.subject is None:
        return False
    return any(
        one.state == DEAD and one.group == cause.key for one in outbox.of_subject(connection, each.subject)
    )


def _hand_over(connection: Connection, taken: dict[str, str]) -> None:
    """Write the new parents; the children of what becomes a child itself go along with it."""
    if not taken:
        return
    moved = {each.id: each for each in kinship.children(connection, taken, lasting=True)}
    found = case.by_ids(connection, taken)
    written = {id: adopted(each, taken[id]) for id, each in found.items()}
    for id, each in moved.items():
        if id not in written:
            written[id] = adopted(each, taken[each.parent])
    case.put(connection, list(written.values()))
    add_up(connection, {each.parent for each in written.values()})


def adopted(each: Case, parent: str) -> Case:
    """A case as a child."""
    return each._replace(parent=parent, released_at=None, remark="")


def add_up(connection: Connection, parents: Iterable[str]) -> None:
    """Let parents cost what their children cost together."""
    wanted = case.by_ids(connection, parents)
    by_parent: dict[str, list[Case]] = {}
    for each in kinship.children(connection, wanted):
        by_parent.setdefault(each.parent, []).append(each)
    changed = []
    for id, parent in wanted.items():
        impact = merged([one.impact for one in by_parent.get(id, ()) if one.impact])
        if impact and impact != parent.impact:
            changed.append(parent._replace(impact=impact))
    case.put(connection, changed)


# ---- what comes and goes --------------------------------------------------------------------------------------


def _flapping(connection: Connection, tower: Tower, fresh: Sequence[Case]) -> None:
    """What was open so many times within a while, one after the other, is one exception until it is calm."""
    for each in fresh:
        if each.rule in GATHERED:
            continue
        since = each.stands_since - figure(tower.landscape, FLAPPING, "within")
        times = one_by_one(kinship.earlier(connection, each, since))
        seen = sum(1 + one.returns for one in times)
        known = _open_gathered(connection, FLAPPING, each.system, rule.same(each))
        if known is None and seen < figure(tower.landscape, FLAPPING, "times"):
            continue
        _note_flapping(connection, tower, known, each, max(seen, known.sightings + 1 if known else 0))


def _note_flapping(connection: Connection, tower: Tower, known: Case | None, last: Case, seen: int) -> None:
    if known is None:
        parent = rule.flapping(seen, last, tower.landscape)
    else:
        words = rule.flapping_words(seen, last)
        parent = known._replace(sightings=seen, last_at=last.stands_since, why=words, remedy=last.remedy)
    case.put(connection, [parent, adopted(last, parent.id)])
    add_up(connection, [parent.id])


def one_by_one(found: Sequence[Case]) -> list[Case]:
    """Those of several cases that came one after the other; what lasted at the same time counts once."""
    kept: list[Case] = []
    for each in found:
        before = kept[-1] if kept else None
        if before is None or (before.resolved_at is not None and before.resolved_at <= each.stands_since):
            kept.append(each)
    return kept


def _open_gathered(connection: Connection, kind: str, system: str, key: str) -> Case | None:
    found = (each for each in kinship.open_at(connection, system, (kind,)) if each.key == key)
    return next(found, None)


# ---- many of a kind -------------------------------------------------------------------------------------------


def _many(connection: Connection, tower: Tower, system: str, fresh: Sequence[Case]) -> None:
    """Exceptions of one kind that open within a short time become children of one that stands for all."""
    kinds: dict[str, list[Case]] = {}
    for each in fresh:
        if rule.is_symptom(each):
            kinds.setdefault(rule.alike(each), []).append(each)
    for kind, alike in kinds.items():
        known = _open_gathered(connection, MANY, system, kind)
        if known is None:
            alike = _recent(connection, tower, system, alike[0].rule, kind)
            if len(alike) < figure(tower.landscape, MANY, "at_least"):
                continue
            known = rule.many(alike, tower.landscape)
        case.put(connection, [known, *(adopted(each, known.id) for each in alike)])
        tell_many(connection, known)


def _recent(connection: Connection, tower: Tower, system: str, name: str, kind: str) -> list[Case]:
    """The open exceptions of one kind at a system that have begun to stand by themselves lately."""
    since = tower.now() - figure(tower.landscape, MANY, "within")
    found = kinship.open_at(connection, system, (name,))
    return [each for each in found if each.counts and rule.alike(each) == kind and each.stands_since >= since]


def tell_many(connection: Connection, parent: Case) -> None:
    """Let the exception that stands for many say how many there are by now."""
    children = kinship.children(connection, [parent.id])
    told = parent._replace(
        sightings=len(children),
        last_at=max(each.stands_since for each in children),
        why=rule.many_words(children),
        remedy=rule.common_remedy(children),
        severity=min(each.severity for each in children),
        impact=merged([each.impact for each in children if each.impact]),
    )
    if told != parent:
        case.put(connection, [told])
