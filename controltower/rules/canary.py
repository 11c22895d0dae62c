"""A canary that did not come back: the way to a system, or the way back from it, is interrupted (building block E3)."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System

RULE = "canary-lost"
FIGURES: Mapping[str, Mapping[str, Any]] = {RULE: {"within": datetime.timedelta(minutes=15)}}
# After which hop it vanished.
NOT_TAKEN, NOT_BACK = "canary-not-taken", "canary-not-back"


def case_of(
    system: System, sent_at: datetime.datetime, trouble: str, within: datetime.timedelta, id: str
) -> Case:
    """The exception of a canary that should be back by now; `trouble` is why it never left, "" where it was taken."""
    minutes = within.total_seconds() / 60
    taken = (
        f"{system.title} did not take it: {trouble}."
        if trouble
        else f"{system.title} took it, and it never came back: look behind that, at its own way out."
    )
    action = "to it" if trouble else "out of it (its queue, its subscription, the line to the tower's door)"
    return Case(
        id=f"{RULE}-{event_id(system.id, id)}",
        rule=RULE,
        title=f"Canary lost: {system.title}",
        severity="B",
        opened_at=sent_at + within,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause="Canary not taken" if trouble else "Canary not back",
        why=f"Sent at {sent_at:%Y-%m-%d %H:%M} UTC, due back within {minutes:.0f} min. {taken}",
        action=f"Mend the way {action} at {system.title}; the next canary that comes back closes this.",
        last_at=sent_at,
        key=system.id,
        code=NOT_TAKEN if trouble else NOT_BACK,
        watched=True,
    )
