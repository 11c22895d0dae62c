"""What keeps everything from a target now: a pause, maintenance, a request to wait, or an open circuit."""

import datetime
from typing import NamedTuple

from controltower.domain import gate as gates
from controltower.domain.gate import Gate
from controltower.pipeline.tower import Tower


class Obstacle(NamedTuple):
    """`kind`: "paused", "maintenance", "asked to wait", "circuit open", or "" where the way is free."""

    kind: str = ""
    words: str = ""


def obstacle(tower: Tower, held: Gate | None, target: str, now: datetime.datetime) -> Obstacle:
    """What keeps everything from a target, with the sentence for it."""
    system = tower.landscape.system(target)
    if held is None or system.sending is None:
        return Obstacle()
    kind = gates.held(held, system.sending, now, system.zone)
    if kind == "paused":
        return Obstacle(kind, f"paused by {held.paused_by} ({held.pause_reason})")
    if kind == "asked to wait":
        return Obstacle(kind, f"{system.title} asked to wait until {held.asked_until:%H:%M:%S} UTC")
    if not kind and held.opened_at is not None:
        return Obstacle("circuit open", f"the circuit is open ({held.last_error or 'it failed too often'})")
    return Obstacle(kind, kind)
