"""The gate in front of one target: what may pass it now, by pause, maintenance, circuit, pace and retry budget."""

import datetime
from dataclasses import dataclass, replace

from controltower.domain.retry import Sending

CLOSED, OPEN, PROBING = "closed", "open", "probing"  # the circuit breaker's states
# Answers that the rate of failures is taken from, and how many there must be before it says anything.
RECENT = 20
# While it drains after a pause, the pace doubles so often, until it is no brake any more.
DOUBLES_EVERY = 10.0
DRAINS_FOR = 120.0
# Retries that a target earns by mere passing of time (per second), or one without traffic would never be retried.
LEAST_RETRIES = 1.0
MOST_BUDGET = 50.0
# A probe whose answer never came (its worker died) is forgotten after so many seconds.
PROBE_LOST = 60.0


@dataclass(frozen=True)
class Gate:
    """Moments are of the tower's clock; `recent` holds the last answers, 1 a failure; `tokens` and `budget` are what
    may be sent at once, and be sent again."""

    target: str
    paused_at: datetime.datetime | None = None
    paused_by: str = ""
    pause_reason: str = ""
    paused_until: datetime.datetime | None = None
    failures: int = 0
    recent: tuple[int, ...] = ()
    opened_at: datetime.datetime | None = None
    probe_at: datetime.datetime | None = None
    asked_until: datetime.datetime | None = None  # Retry-After of the target holds for all that goes there
    drains_from: datetime.datetime | None = None
    budget: float = 10.0
    tokens: float = 1.0
    filled_at: datetime.datetime | None = None
    last_error: str = ""
    changed_at: datetime.datetime | None = None


@dataclass(frozen=True)
class Allowance:
    """How many may go now: `fresh` first attempts, of which `retries` may be repeated ones; `why` none may."""

    total: int
    retries: int
    why: str = ""


def circuit(gate: Gate, sending: Sending, now: datetime.datetime, speed: float = 1.0) -> str:
    """The circuit's state: open circuits let one probe through once they have rested."""
    if gate.opened_at is None:
        return CLOSED
    rested = (now - gate.opened_at).total_seconds() >= sending.rest * speed
    return PROBING if rested else OPEN


def held(gate: Gate, sending: Sending, now: datetime.datetime, zone: datetime.tzinfo) -> str:
    """Why nothing may pass whatever the circuit says: paused, maintenance, or asked to wait; "" when it may."""
    if gate.paused_at is not None and (gate.paused_until is None or now < gate.paused_until):
        return "paused"
    if any(window.end_of(now, zone) for window in sending.windows):
        return "maintenance"
    if gate.asked_until is not None and now < gate.asked_until:
        return "asked to wait"
    return ""


def open_up(
    gate: Gate,
    sending: Sending,
    now: datetime.datetime,
    zone: datetime.tzinfo,
    on_the_wire: int,
    speed: float = 1.0,
) -> tuple[Gate, Allowance]:
    """What may pass now, and the gate as it stands after time has passed (nothing is taken yet).

    `speed`: seconds of the tower's clock per real second, since rates and rests are real.
    """
    why = held(gate, sending, now, zone)
    if why:
        # Whatever held it, it begins slowly afterwards.
        drains = now if why in ("paused", "maintenance") else gate.drains_from
        return replace(gate, drains_from=drains), Allowance(0, 0, why)
    gate = _filled(_unpaused(gate, now), sending, now, speed)
    room = max(0, sending.in_flight - on_the_wire)
    state = circuit(gate, sending, now, speed)
    if state == OPEN:
        return gate, Allowance(0, 0, "circuit open")
    if state == PROBING:
        lost = gate.probe_at is None or (now - gate.probe_at).total_seconds() >= PROBE_LOST * speed
        return gate, Allowance(1 if lost else 0, 1, "" if lost else "probing")
    pace = room if _pace(gate, sending, now, speed) is None else int(gate.tokens)
    total = min(room, pace)
    return gate, Allowance(total, min(total, int(gate.budget)), "" if total else "full")


def passed(
    gate: Gate, sending: Sending, now: datetime.datetime, first: int, again: int, speed: float = 1.0
) -> Gate:
    """The gate after so many first attempts and repeated ones have been claimed."""
    budget = min(MOST_BUDGET, gate.budget + first * sending.budget) - again
    taken = replace(gate, tokens=max(0.0, gate.tokens - first - again), budget=max(0.0, budget))
    probing = circuit(gate, sending, now, speed) == PROBING and first + again > 0
    return replace(taken, probe_at=now) if probing else taken


def answered(gate: Gate, sending: Sending, now: datetime.datetime, failed: bool, words: str = "") -> Gate:
    """The gate after one answer. Only what speaks against the target itself counts as failed, not a refused order."""
    if not failed:
        mended = gate.opened_at is not None
        return replace(
            gate, failures=0, opened_at=None, probe_at=None, last_error="" if mended else gate.last_error,
            recent=() if mended else (*gate.recent, 0)[-RECENT:], drains_from=now if mended else gate.drains_from,
            changed_at=now if mended else gate.changed_at,
        )  # fmt: skip
    gate = replace(gate, failures=gate.failures + 1, recent=(*gate.recent, 1)[-RECENT:], last_error=words)
    mostly = len(gate.recent) == RECENT and 2 * sum(gate.recent) > RECENT
    if gate.opened_at is not None or gate.failures >= sending.open_after or mostly:
        # A probe that fails opens it anew; it has been shut since the first time.
        since = now if gate.opened_at is None else gate.changed_at
        return replace(gate, opened_at=now, probe_at=None, changed_at=since)
    return gate


def paused(
    gate: Gate, now: datetime.datetime, by: str, why: str, until: datetime.datetime | None = None
) -> Gate:
    """The gate shut by a person, or by refused credentials; its messages are kept."""
    return replace(gate, paused_at=now, paused_by=by, pause_reason=why, paused_until=until, changed_at=now)


def resumed(gate: Gate, now: datetime.datetime) -> Gate:
    """The gate open again: slowly at first, and with a clean slate."""
    return replace(
        gate, paused_at=None, paused_by="", pause_reason="", paused_until=None, failures=0, recent=(), opened_at=None,
        probe_at=None, asked_until=None, drains_from=now, changed_at=now,
    )  # fmt: skip


def asked_to_wait(gate: Gate, until: datetime.datetime) -> Gate:
    """The gate after the target asked for patience."""
    later = until if gate.asked_until is None else max(until, gate.asked_until)
    return replace(gate, asked_until=later)


def _unpaused(gate: Gate, now: datetime.datetime) -> Gate:
    return gate if gate.paused_at is None else resumed(gate, now)


def _pace(gate: Gate, sending: Sending, now: datetime.datetime, speed: float) -> float | None:
    """Requests a real second that may go now; None for as many as it takes."""
    since = None if gate.drains_from is None else (now - gate.drains_from).total_seconds() / speed
    drain = None
    if since is not None and 0 <= since < DRAINS_FOR:
        drain = sending.drain * 2.0 ** (since / DOUBLES_EVERY)
    limits = [pace for pace in (sending.rate or None, drain) if pace is not None]
    return min(limits) if limits else None


def _filled(gate: Gate, sending: Sending, now: datetime.datetime, speed: float) -> Gate:
    """Tokens and budget after the time that has passed; a second's worth of tokens at most."""
    since = 0.0 if gate.filled_at is None else max(0.0, (now - gate.filled_at).total_seconds() / speed)
    pace = _pace(gate, sending, now, speed)
    tokens = 1.0 if pace is None else min(max(1.0, pace), gate.tokens + since * pace)
    budget = min(MOST_BUDGET, gate.budget + since * LEAST_RETRIES)
    return replace(gate, tokens=tokens, budget=budget, filled_at=now)
