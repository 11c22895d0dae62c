"""Trouble that lasts: messages that fail again and again, sources that do not answer as they should."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from controltower.domain import failure
from controltower.domain.delivery import SENDING, UNKNOWN, Delivery
from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape, System
from controltower.domain.remedy import HANDED_OVER
from controltower.rules.sending import BLOCKED, evidence_of, route_title, severity, team_of

DELIVERY, SOURCE = "delivery-trouble", "source-trouble"
UNKNOWN_OUTCOME = failure.CODES[failure.UNCLEAR]

# How a polled source can fail (SourceUnavailable.kind) -> the cause, and what a person must do.
SOURCES = {
    "down": ("target-down", "Bring {source} or the way to it back; what it says is old until then."),
    "timeout": (
        "no-answer",
        "Find out why {source} does not answer in time; it is asked more seldom meanwhile.",
    ),
    "refused": ("server-errors", "Find out what is wrong at {source}; it is asked again by itself."),
    "throttled": ("throttled", "Agree with {source} how often it may be asked (every in its [poll] table)."),
    "credentials": (
        "credentials-expired",
        "Renew the tower's credentials at {source}; reading goes on by itself.",
    ),
    "removed": ("api-removed", "{source} has taken the list away: move the mapping to its successor."),
    "page-drift": (
        "page-drift",
        "Have {source} list its rows in a fixed order, or page by key: rows slip between the pages while it is read.",
    ),
    "page-limit": (
        "page-limit",
        "Set the page size or turn on paging for {source}: its list is cut off, and nothing was taken for gone.",
    ),
    "filter-ignored": (
        "filter-ignored",
        "Find the name by which {source} filters changes since its last release, and mend the mapping.",
    ),
    "file-half-written": (
        "file-half-written",
        "Have {source} write the file anew under a name of its own, and rename it when it is whole.",
    ),
    "file-repeated": (
        "file-repeated",
        "Ask {source} which of the two is right; have it drop the right one again under a new number.",
    ),
    "file-missing": ("file-missing", "Have {source} drop the missing file again; later ones have been read."),
    "file-in-error": (
        "file-in-error",
        "See with {source} why the file was put aside; mend it, move it back, and empty the error folder.",
    ),
    "contract": ("contract-broken", "Compare with {source}'s last release and mend the mapping."),
}
_ACTIONS = {
    UNKNOWN_OUTCOME: "Have {target} answer look-ups: nobody knows whether it was done, so nothing is sent again.",
    failure.CODES[failure.LOCKED]: "Ask at {target} who holds it, and to let go; it goes by itself then.",
    failure.CODES[failure.BUSY]: "Agree with {target} how much it takes (rate in its [send] table).",
    BLOCKED: "Find out at {target} why it fails with this one alone; the others go on.",
}


class Group(NamedTuple):
    """Messages that fail for one reason at one target, or one lane by itself; `behind`: how many wait for them."""

    code: str
    failing: Sequence[Delivery]
    behind: int = 0
    is_lane: bool = False

    @property
    def first(self) -> Delivery:
        return self.failing[0]

    @property
    def key(self) -> str:
        return f"{self.first.target} {self.first.subject if self.is_lane else self.code}"


def code_of(each: Delivery) -> str:
    """The cause of one that is tried again and again."""
    asks_back = each.state == UNKNOWN or (each.state == SENDING and each.error == failure.TIMEOUT)
    if asks_back or each.error == failure.UNCLEAR:
        return UNKNOWN_OUTCOME
    return failure.CODES.get(each.error, "")


def failing(group: Group, landscape: Landscape) -> Case:
    """The exception of messages that have been failing for too long."""
    first, target = group.first, landscape.system(group.first.target)
    since = first.first_failed_at or first.created_at
    title = "Blocked" if group.code == BLOCKED else failure.TITLES.get(first.error, "Failing")
    action = _ACTIONS.get(
        group.code, "Find out what is wrong at {target}; it goes by itself as soon as it is well."
    )
    alone = group.is_lane or len(group.failing) == 1
    return Case(
        id=f"{DELIVERY}-{event_id(first.target, f'{group.key} {first.id}')}",
        rule=DELIVERY,
        title=f"{title}: {route_title(first.route, landscape)}, {target.title}",
        severity=severity(first.tier, landscape),
        opened_at=since,
        subject=first.subject if alone else None,
        system=first.target,
        team=team_of(first.route, target, landscape),
        tier=first.tier,
        cause=failure.TITLES.get(first.error, title),
        why=_failing_words(group, since, target),
        action=action.format(target=target.title),
        evidence=tuple(
            evidence_of(each, "a message that fails again and again") for each in group.failing[:3]
        ),
        sightings=len(group.failing),
        last_at=since,
        key=group.key,
        code=group.code,
        remedy=HANDED_OVER,
    )


def _failing_words(group: Group, since: datetime.datetime, target: System) -> str:
    number = len(group.failing)
    many = "One message fails" if number == 1 else f"{number} messages fail"
    waiting = f" {group.behind} more about the same wait behind." if group.behind else ""
    said = group.first.words.strip().rstrip(".") or "nothing"
    return f"{many} at {target.title} since {since:%Y-%m-%d %H:%M} UTC.{waiting} It said: {said[:300]}."


def source(system: System, kind: str, since: datetime.datetime, due: datetime.datetime, words: str) -> Case:
    """The exception of a polled source that has not answered as it should since a moment."""
    code, action = SOURCES.get(kind, SOURCES["contract"])
    return Case(
        id=f"{SOURCE}-{event_id(system.id, since.isoformat())}",
        rule=SOURCE,
        title=f"Cannot be read: {system.title}",
        severity="A",
        opened_at=due,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause=code.replace("-", " ").capitalize(),
        why=f"No poll of {system.title} has succeeded since {since:%Y-%m-%d %H:%M} UTC. The last try: {words[:300]}.",
        action=action.format(source=system.title),
        last_at=due,
        key=f"{system.id} {code}",
        code=code,
        remedy=HANDED_OVER,
    )
