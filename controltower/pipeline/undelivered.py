"""What goes wrong on the way out becomes exceptions, which resolve by themselves when it is over."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.delivery import APPLIED, DEAD, DELIVERED, SUPERSEDED, Delivery
from controltower.domain.exception import Case
from controltower.domain.gate import Gate
from controltower.domain.landscape import Landscape
from controltower.domain.route import Route
from controltower.domain.subject import Subject
from controltower.pipeline.cases import put
from controltower.pipeline.gates import THE_TOWER
from controltower.pipeline.obstacle import obstacle
from controltower.pipeline.publish import Lack
from controltower.pipeline.tower import Tower
from controltower.rules import sending
from controltower.rules.sending import CIRCUIT, DEAD_LETTERS, LACK, LATE, NOT_APPLIED, PAUSED
from controltower.store import arrears, case, delivery, gate, outbox

Known = Mapping[tuple[str, str], Case]

_OVER = {
    LATE: "Nothing waits past its time any more.",
    PAUSED: "The interface runs again.",
    CIRCUIT: "It takes messages again, or is paused.",
}
_AT_ONCE = 500


def on_settled(connection: Connection, tower: Tower, settled: Sequence[Delivery]) -> None:
    """Open or add to the exceptions of what has just died; the rest costs nothing."""
    dead: dict[str, list[Delivery]] = {}
    for each in sorted(settled, key=lambda each: each.id):
        if each.state == DEAD:
            dead.setdefault(each.group, []).append(each)
    if not dead or DEAD_LETTERS in tower.landscape.limits.off:
        return
    known = {each.key: each for each in case.open_of(connection, (DEAD_LETTERS,))}
    numbers = arrears.dead_numbers(connection, dead)
    put(connection, tower, [
        _died(known.get(group), died, numbers.get(group, len(died)), tower) for group, died in dead.items()
    ])  # fmt: skip


def _died(known: Case | None, died: Sequence[Delivery], number: int, tower: Tower) -> Case:
    """The exception of a failure group after some more of it have died."""
    if known is None:
        known, died = sending.dead_letters(died[0], number, tower.landscape), died[1:]
    for each in died[-1:]:
        words = sending.dead_words(each, number, tower.landscape)
        proof = sending.evidence_of(each, "another message that died of it")
        known = exceptions.sighted(known, each.last_failed_at or tower.now(), proof, words)
    return known._replace(sightings=number)


def on_time(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    """Write what `findings` finds; the caller holds the turn of `one_at_a_time`. Returns how many changed."""
    changed = findings(connection, tower, now)
    put(connection, tower, changed)
    return len(changed)


def findings(connection: Connection, tower: Tower, now: datetime.datetime) -> list[Case]:
    """The exceptions of the way out that time has opened, changed or resolved. Reads only."""
    known = {(each.rule, each.key): each for each in case.open_of(connection, sending.RULES)}
    held = gate.every(connection)
    present = {
        **_late(connection, tower, held, now),
        **_refused(tower, held),
        **_interrupted(connection, tower, held, now),
    }
    new = [
        each
        for key, each in present.items()
        if key not in known and each.rule not in tower.landscape.limits.off
    ]
    new += _not_applied(connection, tower, known, now)
    # One that a person has resolved although it lasts is there already.
    there = case.by_ids(connection, [each.id for each in new])
    changed = [each for each in new if each.id not in there]
    changed += _changed(known, present)
    changed += _over(connection, tower, known, present, now)
    return changed


def _changed(known: Known, present: Known) -> Iterator[Case]:
    """What lasts, and is told in other words by now."""
    for key, each in present.items():
        before = known.get(key)
        if before is None:
            continue
        # A backlog that drains changes its number all the time; a tenth of it is worth telling.
        moved = 10 * abs(before.sightings - each.sightings) >= max(before.sightings, each.sightings)
        told_otherwise = before.cause != each.cause or (each.rule != LATE and before.why != each.why)
        if moved or told_otherwise:
            yield before._replace(
                why=each.why, cause=each.cause, sightings=each.sightings, last_at=each.last_at
            )


def _over(
    connection: Connection, tower: Tower, known: Known, present: Known, now: datetime.datetime
) -> Iterator[Case]:
    """What has come to its end."""
    for (rule, key), each in known.items():
        if rule in _OVER and (rule, key) not in present:
            yield exceptions.resolved(each, now, _OVER[rule])
        if rule == LACK and key not in tower.landscape.routes:
            yield exceptions.resolved(each, now, "No longer carried: the configuration has changed.")
    yield from _no_longer_dead(connection, tower, known, now)
    yield from _seen_applied(connection, tower, known, now)


# ---- dead letters ---------------------------------------------------------------------------------------------


def _no_longer_dead(
    connection: Connection, tower: Tower, known: Known, now: datetime.datetime
) -> Iterator[Case]:
    mine = {key: each for (rule, key), each in known.items() if rule == DEAD_LETTERS}
    numbers = arrears.dead_numbers(connection, mine)
    for group, each in mine.items():
        number = numbers.get(group, 0)
        if not number:
            yield exceptions.resolved(each, now, _NONE_DEAD)
        elif number != each.sightings and (newest := arrears.newest_dead(connection, group)):
            why = sending.dead_words(newest, number, tower.landscape)
            yield each._replace(sightings=number, why=why)


_NONE_DEAD = "None of its messages is dead any more: each was sent again, overtaken or discarded."


# ---- taken and not shown --------------------------------------------------------------------------------------


def _not_applied(connection: Connection, tower: Tower, known: Known, now: datetime.datetime) -> list[Case]:
    if NOT_APPLIED in tower.landscape.limits.off:
        return []
    there = sum(1 for rule, _ in known if rule == NOT_APPLIED)
    overdue = outbox.overdue(connection, now, limit=there + _AT_ONCE)
    return [
        sending.not_applied(each, tower.landscape)
        for each in overdue
        if (NOT_APPLIED, str(each.id)) not in known
    ]


def _seen_applied(
    connection: Connection, tower: Tower, known: Known, now: datetime.datetime
) -> Iterator[Case]:
    mine = {int(key): each for (rule, key), each in known.items() if rule == NOT_APPLIED}
    rows = delivery.by_ids(connection, list(mine)) if mine else {}
    for id, each in mine.items():
        row = rows.get(id)
        if row is None or row.state != DELIVERED or row.applied_by is None:
            yield exceptions.resolved(each, (row and row.applied_at) or now, _ending(row, tower.landscape))


def _ending(row: Delivery | None, landscape: Landscape) -> str:
    if row is not None and row.state == APPLIED:
        return f"{landscape.system(row.target).title} shows it."
    if row is not None and row.state in (DELIVERED, SUPERSEDED):
        return "Overtaken: newer words were taken since."
    return "No longer awaited: it was sent again or discarded."


# ---- what stands still ----------------------------------------------------------------------------------------


def _refused(tower: Tower, held: Mapping[str, Gate]) -> dict[tuple[str, str], Case]:
    """The interfaces that the tower itself has paused, because a target refuses its credentials."""
    return {
        (PAUSED, target): sending.paused(each, each.paused_at, tower.landscape)
        for target, each in held.items()
        if target in tower.senders and each.paused_at is not None and each.paused_by == THE_TOWER
    }


def _interrupted(
    connection: Connection, tower: Tower, held: Mapping[str, Gate], now: datetime.datetime
) -> dict[tuple[str, str], Case]:
    """The targets whose circuit has been open for longer than it may."""
    found: dict[tuple[str, str], Case] = {}
    for target in tower.senders:
        each = held.get(target)
        if each is None or each.opened_at is None or each.paused_at is not None:
            continue
        since = each.changed_at or each.opened_at
        due = since + tower.landscape.limits.interrupted_after
        if due < now:
            error = arrears.newest_error(connection, target)
            found[CIRCUIT, target] = sending.interrupted(each, since, due, error, tower.landscape)
    return found


def _late(
    connection: Connection, tower: Tower, held: Mapping[str, Gate], now: datetime.datetime
) -> dict[tuple[str, str], Case]:
    """What waits past its deadline, by route and target."""
    found: dict[tuple[str, str], Case] = {}
    for each in arrears.late(connection, now):
        oldest = arrears.oldest_late(connection, each)
        if oldest is not None:
            why = obstacle(tower, held.get(each.target), each.target, now)
            key = sending.late_key(each.route, each.target)
            found[LATE, key] = sending.late(oldest, each.number, *why, tower.landscape)
    return found


# ---- what cannot be sent at all -------------------------------------------------------------------------------


def lacking(connection: Connection, tower: Tower, lacks: Iterable[Lack]) -> None:
    """Open the exceptions of what cannot be carried because the target needs more than is known."""
    lacks = list(lacks)
    if not lacks or LACK in tower.landscape.limits.off:
        return
    open_ones = _open_lacks(connection, {each.subject for each in lacks})
    now = tower.now()
    found: dict[tuple[str, Subject], Case] = {}
    for each in lacks:
        new = sending.lack(each.route, each.subject, each.missing, now, tower.landscape)
        known = open_ones.get((each.route.name, each.subject))
        if known is not None:
            new = new._replace(id=known.id, opened_at=known.opened_at, sightings=known.sightings + 1)
        found[each.route.name, each.subject] = new
    put(connection, tower, list(found.values()))


def filled(connection: Connection, tower: Tower, published: Iterable[tuple[Route, Subject]]) -> None:
    """Resolve the exceptions of what lacked and has been sent since. Asks only about routes that need anything."""
    wanted = {(route.name, subject) for route, subject in published if route.needs}
    if not wanted:
        return
    open_ones = _open_lacks(connection, {subject for _, subject in wanted})
    complete = [each for key, each in open_ones.items() if key in wanted]
    put(
        connection,
        tower,
        [exceptions.resolved(each, tower.now(), "Complete now, and sent.") for each in complete],
    )


def _open_lacks(connection: Connection, subjects: set[Subject]) -> dict[tuple[str, Subject], Case]:
    found = case.open_about_each(connection, subjects, LACK)
    return {(each.key, each.subject): each for each in found if each.subject is not None}
