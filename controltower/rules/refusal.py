"""A signed message that breaks the contract as a whole: answered 400, its bytes kept."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System

RULE = "refused-message"


def case_of(system: System, message: int, at: datetime.datetime, place: str) -> Case:
    """The exception that a refused message opens; `place` says where and what was wrong."""
    return Case(
        id=f"{RULE}-{event_id(system.id, str(message))}",
        rule=RULE,
        title=f"Refused message: {system.title}",
        severity="B",
        opened_at=at,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause="Refused message",
        why=why(system, place),
        action=f"Ask {system.title} to mend the message and send it again; nothing of it was taken over.",
        evidence=(evidence_of(message),),
        last_at=at,
        key=system.id,
    )


def why(system: System, place: str) -> str:
    """The sentence that says what was wrong."""
    return f"{system.title} was answered 400: {place}."


def evidence_of(message: int) -> Mapping[str, Any]:
    """The message that was refused."""
    return {"what": "a message that was refused", "message": str(message), "event": "", "subject": ""}
