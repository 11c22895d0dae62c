"""What a system's page shows of its pulse: heartbeat, canary, and how often it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from controltower.domain.landscape import System
from controltower.domain.pace import HOUR, SLOT, Pace, moved_on
from controltower.store import canary, heartbeat, pace
from controltower.store.canary import Canary
from controltower.web.tower import now, reading


@dataclass(frozen=True)
class Speaking:
    """How one channel speaks: events in the last hour, and its usual and its longest silence, where they are known."""

    channel: str
    hour: int
    usual: timedelta | None
    longest: timedelta | None


@dataclass(frozen=True)
class SignsOfLife:
    """`beat_at`: the last heartbeat; `canary`: the last one that was sent."""

    beat_at: datetime | None
    canary: Canary | None
    speaking: tuple[Speaking, ...]


def of(system: System) -> SignsOfLife:
    """The signs of life of one system."""
    connection = reading()
    beat = heartbeat.every(connection).get(system.id) if system.heartbeat else None
    flown = canary.of_system(connection, system.id, 1) if system.canary else []
    paces = [each for each in pace.every(connection) if each.system == system.id]
    return SignsOfLife(
        beat.last_at if beat else None, flown[0] if flown else None, tuple(_speaking(each) for each in paces)
    )


def _speaking(each: Pace) -> Speaking:
    present, _ = moved_on(each, now())
    usual, longest = (each.gap(share) for share in (0.5, 1.0))
    return Speaking(each.channel, present.within(HOUR // SLOT), usual or None, longest or None)
