"""The freshness light: does the tower itself keep up, and does it hear its systems?"""

from __future__ import annotations

from dataclasses import dataclass

from controltower.store import channel as channels
from controltower.store.lease import RECORD, holder_of
from controltower.web.format import count
from controltower.web.scope import current_scope
from controltower.web.systems import SystemLine, line_of
from controltower.web.tower import reading, tower


@dataclass(frozen=True)
class Light:
    """`state` is ok, warn or bad; `short` stands beside the icon, `words` say all of it."""

    state: str
    short: str
    words: str


def light() -> Light:
    """Bad while nobody records what comes in; a warning while systems of the plant in scope are not heard."""
    if holder_of(reading(), RECORD) is None:
        return Light(
            "bad",
            "Not recording",
            "No worker runs: messages are kept, but nothing is made of them. Start one.",
        )
    lines = watched()
    unheard = [line.system.title for line in lines if line.health in ("credentials", "down", "silent")]
    if unheard:
        return Light("warn", f"{len(unheard)} not heard", f"Not heard in time: {', '.join(unheard)}")
    return Light("ok", "Live", f"{count(len(lines), 'system')} watched, none silent")


def watched() -> list[SystemLine]:
    """The systems of the plant in scope with their channels."""
    plant, known = current_scope().plant, channels.every(reading())
    systems = [system for system in tower().landscape.systems.values() if not plant or system.serves(plant)]
    return [line_of(system, known, 0) for system in systems]
