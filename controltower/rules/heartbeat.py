"""A source that says regularly that it is alive, and has stopped to say so (building block E3)."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System

RULE = "heartbeat-missed"
# So many heartbeats must be missing, and so much longer it may take on the way.
FIGURES: Mapping[str, Mapping[str, Any]] = {RULE: {"beats": 2.0, "on_the_way": datetime.timedelta(minutes=2)}}


def allowed(system: System, figures: Mapping[str, Any]) -> datetime.timedelta | None:
    """For how long no heartbeat need come; None for a system that declares none."""
    if system.heartbeat is None:
        return None
    on_the_way: datetime.timedelta = figures["on_the_way"]
    return system.heartbeat * float(figures["beats"]) + on_the_way


def case_of(system: System, last_at: datetime.datetime, span: datetime.timedelta) -> Case:
    """The exception of a heart that stopped; `span` is what was allowed since the last beat."""
    each = (system.heartbeat or span).total_seconds() / 60
    return Case(
        id=f"{RULE}-{event_id(system.id, last_at.isoformat())}",
        rule=RULE,
        title=f"No heartbeat: {system.title}",
        severity="B",
        opened_at=last_at + span,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause="Heartbeat missed",
        why=f"It says each {each:.0f} min that it is alive, and last did so at {last_at:%Y-%m-%d %H:%M} UTC.",
        action=f"See whether {system.title} runs and may send to the tower: its service, its subscription, the line.",
        last_at=last_at,
        key=system.id,
        watched=True,
    )
