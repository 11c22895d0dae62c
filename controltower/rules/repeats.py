"""Known facts told again: many of them at once (a backlog is replayed), or one of them again and again (its sender does
not hear our answer, or several layers try again at once)."""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System

STORM, AMPLIFIED = "replay-storm", "retry-amplification"


class Repeat(NamedTuple):
    """One message that told `known` facts again; `original`: the message of which it is a copy, None for none."""

    message: int
    at: datetime.datetime
    known: int
    original: int | None


def storm(system: System, repeats: list[Repeat]) -> Case:
    """The exception of a source that tells its past again; newest repeat first."""
    known = sum(each.known for each in repeats)
    return _case(
        STORM, system, repeats[-1], known, "Replay storm",
        f"{system.title} has told {known} known facts again since {repeats[-1].at:%H:%M} UTC. None was counted twice.",
        f"Have {system.title} stop its replay, or slow it down; what is new among it is taken as it comes.",
    )  # fmt: skip


def amplified(system: System, copies: list[Repeat]) -> Case:
    """The exception of one message that comes again and again although it was taken; newest copy first."""
    return _case(
        AMPLIFIED, system, copies[-1], len(copies), "Retry amplification",
        f"{system.title} has delivered message {copies[0].original} {len(copies)} times more, though each was answered "
        "as taken. None was counted twice.",
        f"Find out at {system.title} which layers try again, and let but one; or why our answer does not reach it.",
    )  # fmt: skip


def _case(rule: str, system: System, first: Repeat, number: int, cause: str, why: str, action: str) -> Case:
    return Case(
        id=f"{rule}-{event_id(system.id, str(first.original or first.message))}",
        rule=rule,
        title=f"{cause}: {system.title}",
        severity="B",
        opened_at=first.at,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause=cause,
        why=why,
        action=action,
        evidence=(_evidence(first),),
        sightings=number,
        last_at=first.at,
        key=system.id,
    )


def _evidence(each: Repeat) -> Mapping[str, Any]:
    return {
        "what": "a message that told known facts",
        "message": str(each.message),
        "event": "",
        "subject": "",
    }
