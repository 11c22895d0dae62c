"""What one system holds one attribute of one subject to be, since when, and how we know."""

import datetime
from typing import NamedTuple

from controltower.domain.event import Position, Recorded
from controltower.domain.value import Value


class Belief(NamedTuple):
    """One system's value of one attribute. `since` is when it came to hold it, `learnt_at` when we heard of it here."""

    attribute: str
    system: str
    value: Value
    since: datetime.datetime
    sequence: int | None
    learnt_at: datetime.datetime
    position: Position
    # When the source last said the same again: `since` stays, but an older message is still old news.
    confirmed_at: datetime.datetime


class Hearing(NamedTuple):
    """The last that one system said about one subject."""

    system: str
    type: str
    occurred_at: datetime.datetime
    learnt_at: datetime.datetime
    sequence: int | None
    position: Position


def is_late(belief: Belief, recorded: Recorded) -> bool:
    """Late is not new: true when the event is older than what the system last said of this attribute.

    A sender's counter tells apart what its clock writes alike. A lower counter with a later time is a counter that
    began anew, not old news. At the same instant the one that came last wins.
    """
    event = recorded.event
    if event.occurred_at != belief.confirmed_at:
        counted = belief.sequence is not None and event.sequence is not None
        ahead = counted and event.sequence > belief.sequence  # type: ignore[operator]
        return event.occurred_at < belief.confirmed_at and not ahead
    if belief.sequence is None or event.sequence is None:
        return False
    return event.sequence < belief.sequence


def held(belief: Belief | None, attribute: str, value: Value, recorded: Recorded) -> Belief:
    """The belief after an event that is not late: a repeated value keeps its `since`."""
    event = recorded.event
    if belief is not None and belief.value[:2] == value[:2]:
        sequence = event.sequence if event.sequence is not None else belief.sequence
        return belief._replace(sequence=sequence, confirmed_at=event.occurred_at)
    return Belief(
        attribute, event.system, value, event.occurred_at, event.sequence,
        recorded.learnt_at, recorded.position, event.occurred_at,
    )  # fmt: skip
