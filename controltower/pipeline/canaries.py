"""Canaries fly: at intervals the tower sends each system that takes part a message that only has to come back.

It goes out as any message does (signed, through the connector) and comes back through the system's own way out and the
tower's door. It is about no order, so nothing is made of it, here or there."""

import datetime
import secrets

from controltower.connectors.contract import TAKEN, Outcome, Outgoing, Sender
from controltower.domain import gate as gates
from controltower.domain.landscape import System
from controltower.domain.subject import Subject
from controltower.pipeline.tower import Tower
from controltower.store import canary, gate
from controltower.store.canary import Canary
from controltower.store.engine import reading, writing

TYPE = "canary"
_KEPT = datetime.timedelta(days=2)


def fly(tower: Tower) -> int:
    """Send the canaries that are due. Returns how many."""
    due = _due(tower)
    for system in due:
        _send(tower, system, tower.senders[system.id])
    return len(due)


def _due(tower: Tower) -> list[System]:
    """Those whose last one is long enough ago, unless nothing may pass to them (paused, away, circuit open)."""
    taking_part = [
        each for each in tower.landscape.systems.values() if each.canary and each.id in tower.senders
    ]
    if not taking_part:
        return []
    now = tower.now()
    with reading(tower.engine) as connection:
        latest, held = canary.latest(connection), gate.every(connection)
    return [
        each
        for each in taking_part
        if each.canary
        and (each.id not in latest or now - latest[each.id].sent_at >= each.canary)
        and _open(each, held.get(each.id), now, tower.clock.speed)
    ]


def _open(system: System, held: gates.Gate | None, now: datetime.datetime, speed: float) -> bool:
    if held is None or system.sending is None:
        return True
    shut = gates.held(held, system.sending, now, system.zone)
    return not shut and gates.circuit(held, system.sending, now, speed) == gates.CLOSED


def _send(tower: Tower, system: System, sender: Sender) -> None:
    now, id = tower.now(), f"canary-{secrets.token_hex(8)}"
    with writing(tower.engine) as connection:
        canary.add(connection, Canary(id, system.id, now))
        canary.forget(connection, now - _KEPT)
    subject = Subject(system.plants[0], f"canary/{id}")
    outcome = sender.send(Outgoing(id, TYPE, subject, {}, {}, "control-tower", now, 1))
    if outcome.kind != TAKEN:
        with writing(tower.engine) as connection:
            canary.failed(connection, id, _words(outcome))


def _words(outcome: Outcome) -> str:
    return (outcome.words or outcome.error or outcome.kind)[:300].rstrip(".")
