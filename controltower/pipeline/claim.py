"""Who may send what now: deliveries are claimed through the gate of their target, and each attempt written down."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain import gate as gates
from controltower.domain.delivery import PENDING, RETRYING, SENDING, UNKNOWN, Delivery
from controltower.domain.failure import UNCLEAR
from controltower.domain.landscape import System
from controltower.domain.retry import Sending
from controltower.pipeline import outcome
from controltower.pipeline.tower import Tower
from controltower.store import attempt, delivery, gate
from controltower.store.attempt import BEGAN, READ_BACK, SEND, Attempt

# A claim outlives the longest call by so many seconds: whoever is later than that is gone.
_BEYOND_THE_CALL = 30.0
# Calls that one worker makes at once, whatever its targets would take: what it claims must not wait for a hand.
MOST_AT_ONCE = 64


class Claim(NamedTuple):
    """One delivery in a worker's hands, and its attempt as written down."""

    delivery: Delivery
    attempt: Attempt


def claim(
    connection: Connection, tower: Tower, target: str, worker: str, most: int = MOST_AT_ONCE
) -> list[Claim]:
    """Claim what may go to a target now, at most so many, and write the attempts down. The caller commits before it
    sends."""
    if most < 1:
        return []
    system, now = tower.landscape.systems[target], tower.now()
    sending = system.sending or Sending()
    before = gate.get(connection, target, lock=True)
    wired = delivery.on_the_wire(connection, target)
    opened, allowed = gates.open_up(before, sending, now, system.zone, wired, tower.clock.speed)
    found: list[Delivery] = []
    total = min(allowed.total, most)
    if total:
        found = delivery.claim(connection, target, now, min(total, allowed.retries), (RETRYING, UNKNOWN))
        again = len(found)
        found += delivery.claim(connection, target, now, total - again, (PENDING,))
        opened = gates.passed(opened, sending, now, len(found) - again, again, tower.clock.speed)
    if opened != before:
        gate.put(connection, opened)
    return _claimed(connection, tower, found, system, sending, worker)


def _claimed(
    connection: Connection,
    tower: Tower,
    found: Sequence[Delivery],
    system: System,
    sending: Sending,
    worker: str,
) -> list[Claim]:
    if not found:
        return []
    numbers = attempt.numbers_of(connection, [each.id for each in found if each.attempts or each.error])
    until = time.time() + sending.timeout * 2 + _BEYOND_THE_CALL
    asks = not tower.senders[system.id].idempotent
    claims = []
    for each in found:
        what = READ_BACK if asks and _may_be_there(each) else SEND
        held = each._replace(
            state=SENDING, claimed_by=worker, claimed_until=until, attempts=each.attempts + (what == SEND)
        )
        began = Attempt(each.id, numbers.get(each.id, 0) + 1, what, worker, tower.now())
        claims.append(Claim(held, began))
    delivery.put(connection, [each.delivery for each in claims])
    attempt.begin(connection, [each.attempt for each in claims])
    return claims


def _may_be_there(each: Delivery) -> bool:
    """Whether the target may have it: its outcome is unknown, or that of the one whose place it took was."""
    inherited = each.state == PENDING and not each.attempts and each.error == UNCLEAR
    return each.state == UNKNOWN or inherited


def take_up_lapsed(connection: Connection, tower: Tower) -> int:
    """Take up what workers left behind that never came back: it may have been sent, so its outcome is unknown."""
    now = tower.now()
    lapsed = delivery.lapsed(connection, list(tower.senders), time.time())
    delivery.put(connection, [outcome.lost(each, now) for each in lapsed])
    open_ones = [
        each for row in lapsed for each in attempt.of_delivery(connection, row.id) if each.outcome == BEGAN
    ]
    attempt.end(connection, [each._replace(ended_at=now, outcome="lost") for each in open_ones])
    return len(lapsed)
