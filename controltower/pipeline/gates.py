"""People, and refused credentials, pause a target and let it run again; its messages are kept meanwhile."""

import datetime
from collections.abc import Callable

from sqlalchemy import Connection

from controltower.domain import gate as gates
from controltower.domain.gate import Gate
from controltower.pipeline.tower import Tower
from controltower.store import audit, gate
from controltower.store.engine import writing

THE_TOWER = "tower"
Change = Callable[[Gate, datetime.datetime], Gate]


def pause(tower: Tower, target: str, who: str, why: str, until: datetime.datetime | None = None) -> Gate:
    """Send nothing to a system any more, until somebody resumes it or `until` has come.

    Raises LookupError for a system that the tower does not send to, ValueError without a reason."""
    if not why.strip():
        raise ValueError("Say why, in a few words.")
    return _change(
        tower, target, who, "interface.pause", why, lambda held, now: gates.paused(held, now, who, why, until)
    )


def resume(tower: Tower, target: str, who: str, why: str = "") -> Gate:
    """Send again: slowly at first. Raises LookupError for a system that the tower does not send to."""
    return _change(tower, target, who, "interface.resume", why, gates.resumed)


def pause_for_credentials(connection: Connection, held: Gate, now: datetime.datetime, words: str) -> Gate:
    """The gate after the target refused our credentials: nothing is sent until a person has renewed them."""
    if held.paused_at is not None:
        return held
    audit.write_down(connection, audit.Entry(now, THE_TOWER, "interface.pause", held.target, words))
    return gates.paused(held, now, THE_TOWER, f"credentials refused: {words}"[:300])


def _change(tower: Tower, target: str, who: str, action: str, why: str, change: Change) -> Gate:
    if tower.landscape.system(target).sending is None:
        raise LookupError(target)
    now = tower.now()
    with writing(tower.engine) as connection:
        changed = change(gate.get(connection, target, lock=True), now)
        gate.put(connection, changed)
        audit.write_down(connection, audit.Entry(now, who, action, target, why))
    return changed
