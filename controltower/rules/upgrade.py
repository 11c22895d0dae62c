"""Trouble that began with a new version: what a vendor's upgrade changed without saying so (catalogue 62)."""

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from controltower.domain.drift import Drift
from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.value import write_time

UPGRADE = "version-changed"
# So many disagreements that began after a new version showed, or shortly before it did (it is asked for now and then),
# and how long a version counts as new.
FIGURES = {
    UPGRADE: {
        "least": 3,
        "shortly": datetime.timedelta(hours=1),
        "new": datetime.timedelta(hours=24),
    }
}
OVER = "What began with the new version is over."


class Change(NamedTuple):
    """A system shows another version since a moment."""

    system: str
    before: str
    now: str
    at: datetime.datetime


def broken_by(change: Change, lasting: Iterable[Drift], shortly: datetime.timedelta) -> list[Drift]:
    """The disagreements of a system with others that began with its new version."""
    return [
        each
        for each in lasting
        if change.system in (each.owner, each.follower) and each.opened_at >= change.at - shortly
    ]


def case_of(change: Change, broken: Sequence[Drift], landscape: Landscape) -> Case:
    """The exception of an upgrade after which a system disagrees with others."""
    system = landscape.system(change.system)
    attributes = ", ".join(sorted({each.attribute.replace("_", " ") for each in broken}))
    orders = len({each.subject for each in broken})
    first = min(broken, key=lambda each: each.opened_at)
    identity = event_id(change.system, f"{change.now}\n{write_time(change.at)}")
    return Case(
        id=f"{UPGRADE}-{identity}",
        rule=UPGRADE,
        title=f"Other behaviour after an upgrade: {system.title}",
        severity="A",
        opened_at=change.at,
        system=change.system,
        team=system.team,
        tier=system.tier,
        cause="Vendor upgrade",
        why=f"{system.title} went from version {change.before or 'unknown'} to {change.now}; since then {orders} "
        f"subjects disagree with others about {attributes}.",
        action=f"Compare the meaning of {attributes} with the release notes of {system.title} {change.now}: roll back, "
        "or mend the mapping; then read the time since again.",
        evidence=tuple(
            {
                "what": f"{each.attribute.replace('_', ' ')} differs at {each.follower}",
                "message": str(each.opened_by.message),
                "event": "",
                "subject": str(each.subject),
            }
            for each in sorted(broken, key=lambda each: each.opened_at)[:8]
        ),
        last_at=first.opened_at,
        key=change.system,
        sightings=len(broken),
    )
