"""Cross-system rules are weighed as beliefs move: what holds for longer than its grace becomes an exception, and
resolves by itself when it holds no more."""

import datetime
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.condition import Condition, Found
from controltower.domain.event import Position, Recorded, event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Limits
from controltower.domain.subject import Subject
from controltower.domain.view import KIN, View, root_of
from controltower.pipeline import siblings, strangers
from controltower.pipeline.cases import put
from controltower.pipeline.kindred import Kindred, bonds, relatives
from controltower.pipeline.publish import Told
from controltower.pipeline.tower import Tower
from controltower.rules import check as rule
from controltower.rules.check import Check
from controltower.rules.checks import CHECKS
from controltower.store import belief, case, condition, kin

# Only while it is wanted, orders are bound together by their references.
SHARED = "shared-reference"


class Views:
    """The views that some events touch, with what holds at them; worked on in memory, written once."""

    def __init__(
        self, views: dict[Subject, View], holding: Iterable[Condition], kindred: Kindred | None = None
    ) -> None:
        self.views = views
        self._kindred = kindred or {}
        self.holding = {(each.root, each.rule, each.key): each for each in holding}
        self.changed: dict[str, Condition] = {}
        self.gone: dict[str, tuple[Condition, datetime.datetime]] = {}

    def touched_by(self, recorded: Recorded) -> list[View]:
        """The view to which an event belongs, and those of the orders that look at its subject too."""
        roots = [root_of(recorded.event), *self._kindred.get(recorded.event.subject, ())]
        return [self.views[root] for root in dict.fromkeys(roots) if root in self.views]


def wanted(limits: Limits) -> tuple[Check, ...]:
    """The checks that the site has not switched off."""
    return tuple(each for each in CHECKS.values() if each.rule not in limits.off)


def load(connection: Connection, tower: Tower, fresh: Sequence[Recorded]) -> Views:
    """What is believed, before these events act, about the roots that a check looks at because of them."""
    checks = wanted(tower.landscape.limits)
    roots = {root_of(each.event) for each in fresh if _looked_at(each, checks)}
    kin.add(
        connection, [*_kin(fresh), *bonds(connection, fresh, any(each.rule == SHARED for each in checks))]
    )
    kindred = relatives(connection, roots)
    meant = strangers.awaiting(connection, fresh)
    kindred = {**kindred, **{known: [*kindred.get(known, ()), *roots] for known, roots in meant.items()}}
    roots |= kindred.keys() | {stranger for found in meant.values() for stranger in found}
    views = {root: View(root, tower.landscape) for root in roots}
    _fill(connection, views)
    siblings.fill(connection, views, fresh)
    holding = condition.of(connection, roots) if roots else []
    strangers.fill(connection, tower, views, fresh, holding)
    return Views(views, holding, kindred)


def _looked_at(recorded: Recorded, checks: Sequence[Check]) -> bool:
    told = recorded.event
    return any(told.attributes.keys() & check.reads.get(told.subject.kind, frozenset()) for check in checks)


def _kin(fresh: Sequence[Recorded]) -> list[tuple[Subject, Subject]]:
    pairs = ((root_of(each.event), each.event.subject) for each in fresh if each.event.subject.kind in KIN)
    return sorted({(root, subject) for root, subject in pairs if root != subject})


def _fill(connection: Connection, views: Mapping[Subject, View]) -> None:
    orders = [root for root in views if root.kind == "order"]
    for root in orders:
        for subject, held in belief.of_order(connection, root.plant, root.key):
            views[root].take(subject, held)
    owners: dict[Subject, list[Subject]] = {root: [root] for root in views if root.kind != "order"}
    for root, subject in kin.of(connection, orders) if orders else ():
        owners.setdefault(subject, []).append(root)
    for subject, held in belief.of(connection, owners) if owners else ():
        for root in owners[subject]:
            views[root].take(subject, held)


def weigh(
    connection: Connection, tower: Tower, views: Views, told: Sequence[Told], anew: Iterable[Subject]
) -> None:
    """Let the events move the views, one by one, and see what holds after each. Beliefs are stored already."""
    if not views.views:
        return
    checks = wanted(tower.landscape.limits)
    again = set(anew)
    for recorded, moves, _ in told:
        if recorded.event.subject in again:
            continue
        attributes = {moved.attribute for moved in moves}
        for view in views.touched_by(recorded):
            view.hear(recorded)
            for moved in moves:
                view.take(recorded.event.subject, moved)
            # A stranger is put right by the right name alone, though nothing new is said under it.
            told_of = set(recorded.event.attributes) if recorded.event.subject in view.alike else set()
            _look(views, view, checks, recorded, attributes | told_of, tower.landscape.limits)
    _look_again(connection, views, checks, told, again, tower)
    _keep(connection, tower, views)


def _look_again(
    connection: Connection,
    views: Views,
    checks: Sequence[Check],
    told: Sequence[Told],
    again: set[Subject],
    tower: Tower,
) -> None:
    """Subjects whose story was told anew: their views are read afresh."""
    for recorded, _, _ in told:
        root = root_of(recorded.event)
        if recorded.event.subject in again and root in views.views:
            view = views.views[root] = View(root, tower.landscape)
            _fill(connection, {root: view})
            _look(views, view, checks, recorded, set(recorded.event.attributes), tower.landscape.limits)


def _look(
    views: Views,
    view: View,
    checks: Sequence[Check],
    recorded: Recorded,
    moved: set[str],
    limits: Limits,
) -> None:
    kind = recorded.event.subject.kind
    for check in checks:
        if check.root == view.root.kind and moved & check.reads.get(kind, frozenset()):
            _compare(views, view, check, recorded, limits)


def _compare(views: Views, view: View, check: Check, recorded: Recorded, limits: Limits) -> None:
    """What a check finds now, against what held before."""
    figures = check.figures_of(limits)
    found = {each.key: each for each in check.found(view, figures)}
    for key, each in found.items():
        before = views.holding.get((view.root, check.rule, key))
        made = (
            before._replace(found=each)
            if before
            else _begun(check, view.root, each, recorded, figures["grace"])
        )
        if made != before:
            views.holding[view.root, check.rule, key] = views.changed[made.id] = made
    held = [at for at in views.holding if at[:2] == (view.root, check.rule) and at[2] not in found]
    for at in held:
        ended = views.holding.pop(at)
        views.changed.pop(ended.id, None)
        views.gone[ended.id] = ended, recorded.learnt_at


def _begun(
    check: Check, root: Subject, found: Found, recorded: Recorded, grace: datetime.timedelta
) -> Condition:
    position: Position = recorded.position
    identity = event_id(check.rule, f"{root}\n{found.key}\n{position.message}.{position.n}")
    at = recorded.learnt_at
    return Condition(identity, check.rule, root, found.key, at, at + grace, found)


def _keep(connection: Connection, tower: Tower, views: Views) -> None:
    condition.put(connection, list(views.changed.values()))
    condition.drop(connection, list(views.gone))
    ids = [f"{each.rule}-{each.id}" for each in views.changed.values() if each.due_at is None]
    ids += [f"{each.rule}-{each.id}" for each, _ in views.gone.values()]
    known = case.by_ids(connection, ids)
    put(connection, tower, [*_told_anew(tower, views, known), *_over(tower, views, known)])


def _told_anew(tower: Tower, views: Views, known: Mapping[str, Case]) -> list[Case]:
    """Exceptions whose condition lasts in other words."""
    found = []
    for each in views.changed.values():
        lasting = known.get(f"{each.rule}-{each.id}")
        if lasting is not None and lasting.resolved_at is None:
            fresh = rule.case_of(CHECKS[each.rule], each, tower.landscape)
            found.append(_in_words_of(lasting, fresh))
    return found


def _over(tower: Tower, views: Views, known: Mapping[str, Case]) -> list[Case]:
    """Exceptions that are over: of a condition that outlived its grace too, though nobody has looked in between."""
    found = []
    for each, at in views.gone.values():
        lasting = known.get(f"{each.rule}-{each.id}")
        fresh = rule.case_of(CHECKS[each.rule], each, tower.landscape)
        if lasting is None and each.due_at is not None and each.due_at <= at:
            lasting = fresh
        if lasting is not None and lasting.resolved_at is None:
            found.append(rule.over(_in_words_of(lasting, fresh), at))
    return found


def _in_words_of(lasting: Case, fresh: Case) -> Case:
    """An exception as its condition's last finding tells it."""
    return lasting._replace(**{name: getattr(fresh, name) for name in _TOLD})


_TOLD = (
    "title", "subject", "system", "team", "tier", "why", "action", "evidence", "code", "remedy",
)  # fmt: skip


def anything_due(connection: Connection, now: datetime.datetime) -> bool:
    """Whether the grace of any condition is over."""
    return bool(condition.due(connection, now, 1))


def pass_time(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    """Conditions whose grace is over become exceptions. Returns how many.

    The caller holds the turn of `one_at_a_time`."""
    ripe = condition.due(connection, now)
    wanted_rules = {each.rule for each in wanted(tower.landscape.limits)}
    found = [
        rule.case_of(CHECKS[each.rule], each, tower.landscape) for each in ripe if each.rule in wanted_rules
    ]
    put(connection, tower, found)
    condition.put(connection, [each._replace(due_at=None) for each in ripe])
    return len(ripe)
