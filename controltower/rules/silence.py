"""A source that has not been heard for longer than it ever should be."""

import datetime

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System

RULE = "source-silent"


def case_of(system: System, since: datetime.datetime, reason: str) -> Case:
    """The exception of a silent source; `since` is when it was last heard, `reason` what the last try said."""
    minutes = system.silent_after.total_seconds() / 60
    return Case(
        id=f"{RULE}-{event_id(system.id, since.isoformat())}",
        rule=RULE,
        title=f"Silent: {system.title}",
        severity="A",
        opened_at=since + system.silent_after,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause="Source silent",
        why=f"Nothing heard since {since:%Y-%m-%d %H:%M} UTC (at most {minutes:.0f} min are usual)."
        + (f" The last try said: {reason}" if reason else ""),
        action=f"Bring {system.title} or the way to it back; what it says is old until then.",
        last_at=since,
        key=system.id,
    )
