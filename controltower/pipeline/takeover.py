"""What messages say is taken over: events are appended, beliefs move, drift, expectations and exceptions follow."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from controltower.connectors.contract import FOREIGN, Fault
from controltower.domain.event import Position, Recorded
from controltower.domain.signal import Signal
from controltower.domain.standing import Standing, apply
from controltower.domain.subject import Subject
from controltower.pipeline import conditions, flows, habits, learning, measure, told_again
from controltower.pipeline.carry import carry_on
from controltower.pipeline.cases import close_mended, keep_cases, keep_signals
from controltower.pipeline.publish import Told
from controltower.pipeline.standings import load, retell, save
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import Translated, fingerprint
from controltower.rules import signal as signals
from controltower.rules.sighting import Moment
from controltower.rules.sightings import seen as sightings
from controltower.store import event, message
from controltower.store.message import Key


def take_over(connection: Connection, tower: Tower, translated: Sequence[Translated]) -> int:
    """Let messages act, in the order of their arrival. Returns how many events were new."""
    fresh, outcomes, seen = _sort_out(connection, translated)
    event.add(connection, fresh)
    standings = load(connection, fresh, tower.landscape)
    views = conditions.load(connection, tower, fresh)
    told, anew = _apply_all(tower, standings, fresh, seen)
    for subject in anew:
        standings[subject] = retell(connection, subject, tower.landscape)
    drifts, expectations = save(connection, standings)
    conditions.weigh(connection, tower, views, told, anew)
    carry_on(connection, tower, told)
    keep_cases(connection, tower, drifts, expectations, anew)
    seen += habits.learn(connection, tower.landscape.limits, fresh)
    keep_signals(connection, tower, seen)
    flows.advance(connection, tower, fresh)
    learning.learn(connection, tower.landscape, translated)
    message.settle(connection, outcomes)
    measure.heard(connection, tower, translated, fresh)
    # What is told anew was measured when it was new.
    measure.answered(connection, tower, [each for each in expectations if each.subject not in anew])
    # Only what had faults before can have been mended, or what was told again.
    again = told_again.settle(connection, fresh)
    close_mended(
        connection, tower, again | {each.message.system for each in translated if each.message.faults}
    )
    return len(fresh)


def _apply_all(
    tower: Tower, standings: dict[Subject, Standing], fresh: Sequence[Recorded], seen: list[Signal]
) -> tuple[list[Told], set[Subject]]:
    """Let each event act; returns what each moved, and the subjects whose story must be told anew."""
    told: list[Told] = []
    anew: set[Subject] = set()
    for recorded in fresh:
        standing = standings[recorded.event.subject]
        before = standing.hearings.get(recorded.event.system)
        if recorded.position <= standing.position:
            anew.add(standing.subject)
        else:
            seen.extend(sightings(Moment(recorded, before, standing, tower.landscape, tower.memory)))
        told.append(Told(recorded, apply(standing, recorded, tower.landscape), before is None))
    return told, anew


def _sort_out(
    connection: Connection, translated: Sequence[Translated]
) -> tuple[list[Recorded], list[dict[str, Any]], list[Signal]]:
    """Tell new events from repeats and from reused ids; what becomes of each message; what was odd."""
    owners = _claim(connection, [each for each in translated if not each.message.elements])
    fresh: list[Recorded] = []
    outcomes: list[dict[str, Any]] = []
    seen: list[Signal] = []
    for each in translated:
        mine, reused, repeated = _told_apart(each) if each.message.elements else _own(each, owners)
        faults = [*each.faults, *reused]
        fresh += mine
        outcomes.append(_outcome(each, len(mine), faults))
        seen += _signals(each, faults, repeated)
    return fresh, outcomes, seen


def _claim(connection: Connection, translated: Sequence[Translated]) -> dict[tuple[str, str], Key]:
    claims = [
        (recorded.event.system, recorded.event.source_id, *recorded.position, fingerprint(recorded.event))
        for each in translated
        for recorded in each.events
    ]
    return message.claim_events(connection, claims)


def _told_apart(each: Translated) -> tuple[list[Recorded], list[Fault], int]:
    """What the door has told apart already, by the ids that it could read."""
    conflicts = frozenset(each.message.conflicts or ())
    mine = [recorded for recorded in each.events if recorded.event.element not in conflicts]
    reused = [_reused(recorded) for recorded in each.events if recorded.event.element in conflicts]
    return mine, reused, len(each.message.duplicates or ()) or int(each.repeat)


def _own(each: Translated, owners: Mapping[tuple[str, str], Key]) -> tuple[list[Recorded], list[Fault], int]:
    """The events that this message owns, the reused ids among the others, and how many were mere repeats."""
    mine: list[Recorded] = []
    reused: list[Fault] = []
    repeated = int(each.repeat)
    for recorded in each.events:
        owner = owners[recorded.event.system, recorded.event.source_id]
        if Position(owner.message, owner.n) == recorded.position:
            mine.append(recorded)
        elif owner.fingerprint == fingerprint(recorded.event):
            repeated += 1
        else:
            reused.append(_reused(recorded))
    return mine, reused, repeated


_REUSED = "was used before, for something else"


def _reused(recorded: Recorded) -> Fault:
    event = recorded.event
    return Fault(event.element, f"/{event.element}/id", f"id {event.source_id} {_REUSED}")


def _outcome(each: Translated, events: int, faults: Sequence[Fault]) -> dict[str, Any]:
    state = message.DUPLICATE if each.repeat else message.RECORDED
    if faults:
        state = message.PARTLY if events else message.PARKED
    places = [fault._asdict() for fault in faults[:100]] or None
    return {
        "b_id": each.message.id, "b_plant": each.message.plant, "b_state": state, "b_events": events,
        "b_faults": places,
    }  # fmt: skip


# Faults that are no matter of reading.
_TOLD_APART = {FOREIGN: signals.FOREIGN_SENDER}


def _signals(each: Translated, faults: Sequence[Fault], repeated: int) -> Iterable[Signal]:
    system, position = each.message.system, Position(each.message.id, 0)
    at = each.message.received_at
    for fault in faults:
        reused = fault.message.endswith(_REUSED)
        rule = signals.CONFLICT if reused else _TOLD_APART.get(fault.code, signals.PARKED)
        place = f"{fault.pointer or 'the whole message'}: {fault.message}"
        key = signals.fault_key(system, fault.pointer, fault.message)
        yield Signal(rule, key, system, at, position, place, code=fault.code)
    for notice in each.notices:
        yield Signal(
            signals.NOTICED.get(notice.kind, signals.SCHEMA),
            signals.notice_key(system, notice.kind, notice.pointer),
            system,
            at,
            position,
            notice.message,
        )
    if repeated and each.message.channel == "hook":
        yield Signal(
            signals.DUPLICATE, system, system, at, position, f"delivered {repeated} known facts again"
        )
    if each.message.original is not None and not each.repeat:
        words = f"delivery {each.message.delivery} came before with other content, as message {each.message.original}"
        yield Signal(signals.CONFLICT, f"{system} delivery", system, at, position, words)
