"""What sending messages again would mean, told from the ledger before anything is sent."""

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain import gate as gates
from controltower.domain.belief import Belief
from controltower.domain.delivery import DEAD, Delivery, Lane
from controltower.domain.landscape import Landscape
from controltower.domain.rehearsal import (
    SAFE,
    VERDICTS,
    Circumstances,
    Selection,
    Verdict,
    verdict,
)
from controltower.domain.route import EVERY
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.pipeline.tower import Tower
from controltower.store import belief, delivery, gate, resubmission
from controltower.store.engine import reading

__all__ = ["Rehearsal", "Selection", "bars", "judge", "rehearse", "rehearsed", "selected"]

_AT_ONCE = 500
_Beliefs = Mapping[tuple[Subject, str, str], Belief]


class Rehearsal(NamedTuple):
    """How many of a selection have which verdict; each verdict is named."""

    counts: Mapping[str, int]
    total: int


def rehearse(tower: Tower, selection: Selection) -> Rehearsal:
    """Judge all that a selection means, and send nothing."""
    counts = dict.fromkeys(VERDICTS, 0)
    with reading(tower.engine) as connection:
        for _, judged in _judged(connection, tower, selection):
            for found in judged.values():
                counts[found.kind] += 1
    return Rehearsal(counts, sum(counts.values()))


def rehearsed(
    tower: Tower, selection: Selection, verdict: str = "", after: int | None = None, limit: int = 50
) -> list[tuple[Delivery, Verdict]]:
    """The deliveries of a selection with one verdict (or any), by id, from behind the id `after`."""
    found: list[tuple[Delivery, Verdict]] = []
    with reading(tower.engine) as connection:
        for portion, judged in _judged(connection, tower, selection, after):
            found += [(each, judged[each.id]) for each in portion if verdict in ("", judged[each.id].kind)]
            if len(found) >= limit:
                break
    return found[:limit]


def _judged(
    connection: Connection, tower: Tower, selection: Selection, after: int | None = None
) -> Iterator[tuple[list[Delivery], dict[int, Verdict]]]:
    for portion in selected(connection, selection, after):
        yield portion, judge(connection, tower, portion, selection.holds)


def selected(
    connection: Connection, selection: Selection, after: int | None = None
) -> Iterator[list[Delivery]]:
    """All that a selection means, some hundred at a time, by id."""
    while portion := resubmission.selected(connection, selection, after, _AT_ONCE):
        yield portion
        after = portion[-1].id


def judge(
    connection: Connection,
    tower: Tower,
    deliveries: Sequence[Delivery],
    together: Callable[[Delivery], bool] = lambda each: False,
) -> dict[int, Verdict]:
    """The verdict on each of some deliveries, by id, from a few questions to the ledger for all of them.

    `together`: whether another one is to be sent with them, so that it holds nobody up."""
    known = _Known(connection, tower, deliveries)
    found: dict[int, Verdict] = {}
    for lane in dict.fromkeys(each.lane for each in deliveries):
        behind: Delivery | None = None
        for each in known.lanes[lane]:
            if each.id not in known.judged:
                continue
            found[each.id] = verdict(known.circumstances(each, behind))
            stays = not (together(each) and found[each.id].kind == SAFE)
            if behind is None and stays and _blocks(tower.landscape, each):
                behind = each
    return {each.id: found[each.id] for each in deliveries}


def bars(connection: Connection, tower: Tower, targets: Iterable[str]) -> dict[str, str]:
    """Why nothing reaches some systems now, in words, for those that nothing reaches."""
    held, now = gate.every(connection), tower.now()
    found = {target: _bar(tower, target, held.get(target, gates.Gate(target)), now) for target in targets}
    return {target: why for target, why in found.items() if why}


def _bar(tower: Tower, target: str, held: gates.Gate, now: datetime.datetime) -> str:
    system = tower.landscape.system(target)
    if target not in tower.senders or system.sending is None:
        return f"The tower sends nothing to {target}."
    why = gates.held(held, system.sending, now, system.zone)
    if why == "paused":
        return f"{target} is paused by {held.paused_by}: {held.pause_reason}."
    if why == "maintenance":
        return f"{target} is in its maintenance window."
    if gates.circuit(held, system.sending, now, tower.clock.speed) == gates.OPEN:
        return f"The circuit to {target} is open: {held.last_error or 'it failed too often'}."
    return ""


def _blocks(landscape: Landscape, each: Delivery) -> bool:
    route = landscape.routes.get(each.route)
    return each.state == DEAD and route is not None and route.waits_behind_dead


class _Known:
    """What the ledger holds about some deliveries and their lanes, read in bulk."""

    def __init__(self, connection: Connection, tower: Tower, deliveries: Sequence[Delivery]) -> None:
        self.landscape = tower.landscape
        holds_up = any(route.waits_behind_dead for route in self.landscape.routes.values())
        mates = {each.id: each for each in resubmission.mates_of(connection, deliveries, holds_up)}
        mates |= {each.id: each for each in deliveries}
        self.lanes: dict[Lane, list[Delivery]] = {each.lane: [] for each in deliveries}
        for each in sorted(mates.values(), key=lambda each: (each.ordinal, each.id)):
            if each.lane in self.lanes:
                self.lanes[each.lane].append(each)
        self.judged = {each.id for each in deliveries} | {
            each.id for lane in self.lanes.values() for each in lane if _blocks(self.landscape, each)
        }
        judged = [each for lane in self.lanes.values() for each in lane if each.id in self.judged]
        self._beliefs = self._held(connection, judged)
        edited = [each.ordinal for each in judged if each.edited]
        self._first = {id: each.attributes for id, each in delivery.by_ids(connection, edited).items()}
        self._bars = bars(connection, tower, {each.target for each in deliveries})

    def circumstances(self, each: Delivery, behind: Delivery | None) -> Circumstances:
        """All that counts for one of them."""
        route = self.landscape.routes.get(each.route)
        first: Mapping[str, Value] = self._first.get(each.ordinal, {}) if each.edited else {}
        return Circumstances(
            each, self._present(each), self._of(each, each.target), self.lanes[each.lane], first,
            frozenset(route.fixed) if route else frozenset(), route is not None and route.keep == EVERY,
            route.applied if route else None, self._tolerances(each), self._bars.get(each.target, ""), behind,
            self.landscape.zone_of(each.subject.plant),
        )  # fmt: skip

    def _held(self, connection: Connection, judged: Sequence[Delivery]) -> _Beliefs:
        """The beliefs of targets, owners and sources, of what is carried."""
        systems = {each.target for each in judged} | {each.source for each in judged}
        plants = {
            (each.subject.plant, each.subject.kind, name): each for each in judged for name in each.attributes
        }
        for (_, _, name), each in plants.items():
            systems |= {owner for owner in (self._owner(each.subject, name),) if owner}
        names = {name for each in judged for name in each.attributes}
        found = belief.held_by(connection, {each.subject for each in judged}, names, systems)
        return {(subject, held.attribute, held.system): held for subject, held in found}

    def _owner(self, subject: Subject, attribute: str) -> str:
        ownership = self.landscape.ownership(subject.kind, attribute)
        owner = self.landscape.owner_system(subject.plant, ownership) if ownership else None
        return owner.id if owner else ""

    def _present(self, each: Delivery) -> dict[str, Belief]:
        """Of each carried attribute what its owner holds, or its source where no owner ever spoke."""
        found: dict[str, Belief] = {}
        for name in each.attributes:
            for system in (self._owner(each.subject, name), each.source):
                held = self._beliefs.get((each.subject, name, system))
                if held is not None:
                    found[name] = held
                    break
        return found

    def _of(self, each: Delivery, system: str) -> dict[str, Belief]:
        return {
            name: held
            for name in each.attributes
            if (held := self._beliefs.get((each.subject, name, system))) is not None
        }

    def _tolerances(self, each: Delivery) -> dict[str, str]:
        role = self.landscape.system(each.target).role
        found: dict[str, str] = {}
        for name in each.attributes:
            ownership = self.landscape.ownership(each.subject.kind, name)
            for terms in ownership.followers if ownership else ():
                if terms.role == role:
                    found[name] = terms.tolerance
        return found
