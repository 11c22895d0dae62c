"""A record that could not be read has been told again since, and could be: then nothing of it is missing any more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from controltower.domain.event import Recorded
from controltower.store import message
from controltower.store.message import Message

# Of a message only so many faults are kept: with more of them nobody knows whether all were told again.
MOST_FAULTS = 100
_TOLD = "told_again"


def settle(connection: Connection, fresh: Sequence[Recorded]) -> set[str]:
    """Let parked messages rest whose every record was told again. Returns the systems for which some were."""
    told: dict[str, dict[str, int]] = {}
    for each in fresh:
        told.setdefault(each.event.system, {})[each.event.subject.name] = each.position.message
    changed = [
        outcome
        for system in sorted(told)
        for each in message.parked_by(connection, system)
        if (outcome := _outcome(each, told[system]))
    ]
    message.settle(connection, [outcome for _, outcome in changed])
    return {system for system, _ in changed}


def left(faults: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The faults of a message that nothing has made up for."""
    return [fault for fault in faults if not fault.get(_TOLD)]


def _outcome(each: Message, told: Mapping[str, int]) -> tuple[str, dict[str, Any]] | None:
    """What becomes of a parked message; None where nothing of it was told again."""
    faults = each.faults or []
    made_up = [_told(fault, each, told) for fault in faults]
    if made_up == faults:
        return None
    whole = len(faults) < MOST_FAULTS and not left(made_up)
    state = message.RECORDED if whole else each.state
    row = {
        "b_id": each.id,
        "b_plant": each.plant,
        "b_state": state,
        "b_events": each.events,
        "b_faults": made_up,
    }
    return each.system, row


def _told(fault: dict[str, Any], each: Message, told: Mapping[str, int]) -> dict[str, Any]:
    by = told.get(fault.get("about", ""), 0)
    return {**fault, _TOLD: str(by)} if by > each.id and not fault.get(_TOLD) else fault
