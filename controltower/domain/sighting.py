"""What one event shows about the interface that brought it: a clock that is wrong, a message late or out of order."""

import datetime
from collections.abc import Iterator

from controltower.domain.belief import Hearing
from controltower.domain.event import Recorded
from controltower.domain.landscape import Limits
from controltower.domain.signal import Signal

CLOCK, LATE, DISORDER = "clock-skew", "late-arrival", "out-of-order"


def sightings(recorded: Recorded, before: Hearing | None, limits: Limits) -> Iterator[Signal]:
    """The signals of one event, given what its system last said about the same subject."""
    yield from _of_clock(recorded, limits)
    if recorded.channel == "hook":
        yield from _of_delay(recorded, limits)
        yield from _of_order(recorded, before)


def _of_clock(recorded: Recorded, limits: Limits) -> Iterator[Signal]:
    ahead = recorded.event.occurred_at - recorded.learnt_at
    if ahead > limits.clock_ahead:
        yield _signal(CLOCK, recorded, f"its clock runs {_minutes(ahead)} ahead of ours", ahead)


def _of_delay(recorded: Recorded, limits: Limits) -> Iterator[Signal]:
    delay = recorded.learnt_at - recorded.event.occurred_at
    if delay > limits.late_after:
        yield _signal(LATE, recorded, f"its message came {_minutes(delay)} after the fact", delay)


def _of_order(recorded: Recorded, before: Hearing | None) -> Iterator[Signal]:
    event = recorded.event
    if before is None or before.sequence is None or event.sequence is None:
        return
    if event.sequence < before.sequence and event.occurred_at <= before.occurred_at:
        words = f"its message {event.sequence} about {event.subject} came after message {before.sequence}"
        yield _signal(DISORDER, recorded, words, datetime.timedelta())


def _signal(rule: str, recorded: Recorded, words: str, measure: datetime.timedelta) -> Signal:
    event = recorded.event
    return Signal(
        rule, event.system, event.system, recorded.learnt_at, recorded.position, words, event.subject,
        measure.total_seconds(),
    )  # fmt: skip


def _minutes(span: datetime.timedelta) -> str:
    return f"{span.total_seconds() / 60:.0f} min"
