"""How each system that the tower sends to is doing: its gate in words, what waits for it, how much it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controltower.domain import gate as gates
from controltower.domain.delivery import DEAD, RETRYING, UNKNOWN
from controltower.domain.gate import Gate
from controltower.domain.landscape import System
from controltower.domain.route import Route
from controltower.store import gate as gate_store
from controltower.store import outbox, outflow
from controltower.store.outbox import Backlog
from controltower.store.outflow import Taken, Trouble
from controltower.web.matrix import role_rank
from controltower.web.scope import current_scope
from controltower.web.tower import now, reading, tower

RUNNING, PAUSED, MAINTENANCE, ASKED, OPEN, PROBING, DRAINING = (
    "running", "paused", "maintenance", "asked-to-wait", "circuit-open", "probing", "draining",
)  # fmt: skip
# state -> (words, tone, how bad)
STATES: dict[str, tuple[str, str, int]] = {
    OPEN: ("circuit open", "bad", 0),
    PAUSED: ("paused", "warn", 1),
    PROBING: ("trying one", "warn", 2),
    ASKED: ("asked to wait", "wait", 3),
    MAINTENANCE: ("in maintenance", "wait", 4),
    DRAINING: ("draining slowly", "info", 5),
    RUNNING: ("running", "ok", 6),
}
HOUR = timedelta(hours=1)
TIMED = 200  # the newest deliveries whose time on the wire is looked at


@dataclass(frozen=True)
class Interface:
    """One route to one of its systems, with what waits on it and what went through."""

    route: Route
    target: System
    backlogs: tuple[Backlog, ...] = ()
    taken: tuple[Taken, ...] = ()
    p95: float | None = None  # milliseconds on the wire

    def number(self, *states: str) -> int:
        return sum(each.number for each in self.backlogs if each.state in states)

    @property
    def backlog(self) -> int:
        """What is still to go out; dead letters wait for a person and are counted apart."""
        return sum(each.number for each in self.backlogs if each.state != DEAD)

    @property
    def dead(self) -> int:
        return self.number(DEAD)

    @property
    def oldest_at(self) -> datetime | None:
        return min((each.oldest_at for each in self.backlogs if each.state != DEAD), default=None)

    @property
    def retrying(self) -> int:
        return self.number(RETRYING)

    @property
    def unknown(self) -> int:
        return self.number(UNKNOWN)

    @property
    def lately(self) -> int:
        """How many were taken in the last hour."""
        return self.lately_from("")

    def lately_from(self, source: str) -> int:
        """How many were taken in the last hour that one system gave rise to; "" for any."""
        since = hour_ago()
        return sum(
            1 for each in self.taken
            if each.delivered_at and each.delivered_at > since and source in ("", each.source)
        )  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One system that the tower sends to, with the interfaces that lead there."""

    system: System
    gate: Gate
    interfaces: tuple[Interface, ...]
    troubles: tuple[Trouble, ...] = ()

    @property
    def state(self) -> str:
        return state_of(self.gate, self.system)

    @property
    def backlog(self) -> int:
        return sum(each.backlog for each in self.interfaces)

    @property
    def dead(self) -> int:
        return sum(each.dead for each in self.interfaces)

    @property
    def oldest_at(self) -> datetime | None:
        return min((each.oldest_at for each in self.interfaces if each.oldest_at), default=None)

    @property
    def lately(self) -> int:
        return sum(each.lately for each in self.interfaces)

    @property
    def many(self) -> bool:
        """Whether so much was taken that only the newest was counted."""
        return any(len(each.taken) >= outflow.MOST_TAKEN for each in self.interfaces)

    @property
    def until(self) -> datetime | None:
        """When the tower sends again by itself, where that is known."""
        return until_of(self.gate, self.system)


def hour_ago() -> datetime:
    """Since when something counts as lately."""
    return now() - HOUR


def state_of(gate: Gate, system: System) -> str:
    """Whether anything may pass to a system now, as one of STATES."""
    sending, speed = system.sending, tower().clock.speed
    if sending is None:
        return RUNNING
    held = gates.held(gate, sending, now(), system.zone)
    if held:
        return {"paused": PAUSED, "maintenance": MAINTENANCE}.get(held, ASKED)
    circuit = gates.circuit(gate, sending, now(), speed)
    if circuit != gates.CLOSED:
        return OPEN if circuit == gates.OPEN else PROBING
    seconds = (now() - gate.drains_from).total_seconds() if gate.drains_from else math.inf
    return DRAINING if seconds < gates.DRAINS_FOR * speed else RUNNING


def until_of(gate: Gate, system: System) -> datetime | None:
    """When a held target is tried again by itself; None where only a person lets it go on, or nothing holds it."""
    state, sending = state_of(gate, system), system.sending
    if state == PAUSED:
        return gate.paused_until
    if state == ASKED:
        return gate.asked_until
    if state == OPEN and gate.opened_at and sending:
        return gate.opened_at + timedelta(seconds=sending.rest * tower().clock.speed)
    if state == MAINTENANCE and sending:
        ends = (window.end_of(now(), system.zone) for window in sending.windows)
        return max((end for end in ends if end), default=None)
    return None


def every() -> list[Target]:
    """Every system of the plant in scope to which a route leads, those in trouble first."""
    connection, plant = reading(), current_scope().plant
    known, waiting = gate_store.every(connection), outbox.backlogs(connection)
    failing = outflow.troubles(connection, (plant,) if plant else ())
    found = [
        target_of(system, known.get(system.id, Gate(system.id)), waiting, failing)
        for system in tower().landscape.systems.values()
        if system.sending is not None and (not plant or system.serves(plant))
    ]
    used = [each for each in found if each.interfaces or each.state != RUNNING]
    return sorted(used, key=lambda each: (STATES[each.state][2], role_rank(each.system), each.system.title))


def one(id: str) -> Target | None:
    """One system that the tower sends to; None for any other."""
    system = tower().landscape.systems.get(id)
    if system is None or system.sending is None:
        return None
    connection = reading()
    return target_of(
        system, gate_store.get(connection, id), outbox.backlogs(connection), outflow.troubles(connection)
    )


def target_of(system: System, gate: Gate, waiting: Sequence[Backlog], failing: Sequence[Trouble]) -> Target:
    """One target with its interfaces: those declared, and those that something still waits on."""
    taken = outflow.taken(reading(), system.id)
    routes = {name: route for name, route in tower().landscape.routes.items() if route.target == system.role}
    interfaces = tuple(
        interface_of(route, system, waiting, [each for each in taken if each.route == name])
        for name, route in routes.items()
    )
    mine = tuple(each for each in failing if each.target == system.id)
    return Target(system, gate, interfaces, mine)


def interface_of(
    route: Route, system: System, waiting: Sequence[Backlog], taken: Sequence[Taken]
) -> Interface:
    mine = tuple(each for each in waiting if each.target == system.id and each.route == route.name)
    times = outflow.milliseconds(reading(), [each.id for each in taken[:TIMED]]) if taken else []
    return Interface(route, system, mine, tuple(taken), percentile(times, 0.95))


def percentile(times: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of sorted figures; None of none."""
    return times[math.ceil(share * len(times)) - 1] if times else None


def team_of(route: str, target: str) -> str:
    """Whose a delivery is: the route's team, else the target's."""
    declared = tower().landscape.routes.get(route)
    return (declared.team if declared else "") or tower().landscape.system(target).team


def gate_of(id: str) -> str | None:
    """The state of the gate in front of a system; None where the tower sends nothing there."""
    system = tower().landscape.systems.get(id)
    if system is None or system.sending is None:
        return None
    return state_of(gate_store.get(reading(), id), system)
