"""How people have taken up an exception: who acknowledged it, whose it is now, and how long each took."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from controltower.domain.exception import Case
from controltower.store.case import ACKNOWLEDGE, ASSIGN, Action


class Handling(NamedTuple):
    """Seconds run from when the exception stood by itself; None for what has not happened."""

    acknowledged_at: datetime.datetime | None
    acknowledged_by: str
    assigned_to: str
    seconds_to_acknowledge: float | None
    seconds_to_resolve: float | None


def of(case: Case, actions: Sequence[Action]) -> Handling:
    """What the history of an exception says about it."""
    first = next((each for each in actions if each.action == ACKNOWLEDGE), None)
    assigned = next((each.detail for each in reversed(actions) if each.action == ASSIGN), "")
    return Handling(
        first.at if first else None,
        first.who if first else "",
        assigned,
        _seconds(case.stands_since if first and first.at >= case.stands_since else case.opened_at, first.at)
        if first
        else None,
        _seconds(case.opened_at, case.resolved_at) if case.resolved_at else None,
    )


def _seconds(since: datetime.datetime, until: datetime.datetime) -> float:
    return max(0.0, (until - since).total_seconds())
