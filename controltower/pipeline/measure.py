"""How long things take is measured in the transactions that learn it: a few figures added up, whatever the history.

What is told again from the inbox is not measured again: latencies are watched, not rebuilt."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from controltower.connectors.contract import Clocked
from controltower.domain.delivery import DEAD, DELIVERED, Delivery
from controltower.domain.event import Recorded
from controltower.domain.expectation import MET, MISSED, Expectation
from controltower.domain.flow_progress import COMPLETED
from controltower.domain.landscape import ANY_PLANT, System
from controltower.domain.latency import (
    AHEAD,
    APPLIED,
    ATTEMPT,
    DELIVERY,
    EXPECTATION,
    FLOW,
    IN,
    POLL,
    PROCESSING,
    Took,
)
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import Translated
from controltower.store import calls, clock_offset, latency
from controltower.store.attempt import SEND, Attempt
from controltower.store.calls import Call
from controltower.store.clock_offset import Offset
from controltower.store.flow import Instance

# HTTP's word for what a webhook was answered with.
_TAKEN = 202
_listens_since: WeakKeyDictionary[Engine, datetime.datetime] = WeakKeyDictionary()


def heard(
    connection: Connection, tower: Tower, translated: Sequence[Translated], fresh: Sequence[Recorded]
) -> None:
    """New events came out of messages: how old they were when they came, and how long the messages waited here."""
    if tower.retelling:
        return
    now = tower.now()
    began = _began(connection, tower) or now
    # What had been parked has waited for a person, not for the tower.
    first = [each.message for each in translated if not each.message.faults]
    handled = [
        _took(PROCESSING, each.system, each.plant, (now - each.received_at) / tower.clock.speed)
        for each in first
    ]
    latency.add(connection, now, [*handled, *_ages(fresh, began)])
    hooks = [each for each in first if each.channel == calls.HOOK]
    calls.add(connection, [Call(each.received_at, each.system, calls.HOOK, _TAKEN) for each in hooks])


def _ages(fresh: Iterable[Recorded], began: datetime.datetime) -> Iterator[Took]:
    for each in fresh:
        told, age = each.event, each.learnt_at - each.event.occurred_at
        if age < datetime.timedelta():
            yield _took(AHEAD, told.system, told.subject.plant, -age)
        elif told.occurred_at >= began:
            yield _took(IN, told.system, told.subject.plant, age)


def _began(connection: Connection, tower: Tower) -> datetime.datetime | None:
    """When the tower began to listen: what happened before is history."""
    known = _listens_since.get(tower.engine) or latency.listens_since(connection)
    if known is not None:
        _listens_since[tower.engine] = known
    return known


def answered(connection: Connection, tower: Tower, expectations: Iterable[Expectation]) -> None:
    """Expected answers came in time, or did not: one that comes too late has been counted as missed."""
    if tower.retelling:
        return
    ended = [
        each for each in expectations if (each.state, each.met_at is None) in ((MET, False), (MISSED, True))
    ]
    measured = [
        Took(
            EXPECTATION, each.rule, each.system, each.subject.plant,
            (each.met_at - each.opened_at).total_seconds() if each.met_at else None,
        )
        for each in ended
    ]  # fmt: skip
    latency.add(connection, tower.now(), measured)


def tried(connection: Connection, tower: Tower, ended: Sequence[tuple[Delivery, Attempt]]) -> None:
    """Calls of targets came to their end; the deliveries are as they are afterwards."""
    latency.add(connection, tower.now(), [took for each in ended for took in _sent(*each)])
    sent = [(each, attempt) for each, attempt in ended if attempt.what == SEND]
    calls.add(connection, [_call(*each) for each in sent])


def _sent(each: Delivery, attempt: Attempt) -> Iterator[Took]:
    plant = each.subject.plant
    if attempt.milliseconds is not None and attempt.what == SEND:
        yield Took(ATTEMPT, each.route, each.target, plant, attempt.milliseconds / 1000)
    if each.state == DEAD:
        yield Took(DELIVERY, each.route, each.target, plant, None)
    elif each.state == DELIVERED and each.delivered_at is not None:
        seconds = (each.delivered_at - each.created_at).total_seconds()
        yield Took(DELIVERY, each.route, each.target, plant, seconds)


def _call(each: Delivery, attempt: Attempt) -> Call:
    group = each.group if attempt.error else ""
    return Call(
        attempt.ended_at or attempt.began_at, each.target, calls.SEND, attempt.status, each.route, attempt.error,
        group, attempt.words, each.id,
    )  # fmt: skip


def applied(connection: Connection, tower: Tower, shown: Iterable[Delivery]) -> None:
    """Targets show what was delivered."""
    measured = [
        Took(APPLIED, each.route, each.target, each.subject.plant, (at - each.delivered_at).total_seconds())
        for each in shown
        if (at := each.applied_at) and each.delivered_at
    ]
    latency.add(connection, tower.now(), measured)


def flowed(
    connection: Connection, tower: Tower, before: Sequence[Instance], after: Sequence[Instance]
) -> None:
    """Flows moved: those that have come to their end were so long under way."""
    if tower.retelling:
        return
    measured = [
        Took(FLOW, new.flow, "", new.subject.plant, (new.ended_at - new.began_at).total_seconds())
        for old, new in zip(before, after, strict=True)
        if new.state == COMPLETED != old.state and new.ended_at and new.began_at
    ]
    latency.add(connection, tower.now(), measured)


def polled(
    connection: Connection,
    tower: Tower,
    system: System,
    answers: Iterable[float],
    trouble: tuple[str, int, str] | None = None,
) -> None:
    """A source was read; each of its answers took so many real seconds. `trouble`: kind, status and words of what went
    wrong."""
    now = tower.now()
    latency.add(connection, now, [Took(POLL, system.id, "", plant_of(system), each) for each in answers])
    source = tower.connectors[system.id]
    if isinstance(source, Clocked) and source.clock_ahead is not None:
        clock_offset.put(connection, Offset(system.id, source.clock_ahead, now))
    if trouble is None:
        calls.add(connection, [Call(now, system.id, calls.POLL, 200)])
        return
    kind, status, words = trouble
    group = calls.pattern_of(system.id, calls.POLL, kind, words)
    calls.add(connection, [Call(now, system.id, calls.POLL, status, "", kind, group, words)])


def turned_away(
    connection: Connection,
    tower: Tower,
    system: str,
    status: int,
    kind: str,
    words: str,
    message: int | None = None,
) -> None:
    """A webhook was refused at the door."""
    group = calls.pattern_of(system, calls.HOOK, kind, words)
    calls.add(connection, [Call(tower.now(), system, calls.HOOK, status, "", kind, group, words, message)])


def plant_of(system: System) -> str:
    """The plant of what is measured of a system as a whole."""
    return system.plants[0] if len(system.plants) == 1 else ANY_PLANT


def _took(kind: str, name: str, plant: str, length: datetime.timedelta) -> Took:
    return Took(kind, name, "", plant, length.total_seconds())
