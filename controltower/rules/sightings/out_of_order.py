"""A message that was overtaken on its way: its sender's counter and clock both say so (catalogue 6)."""

from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting


def _seen(moment: Moment) -> Iterator[Signal]:
    event, before = moment.recorded.event, moment.before
    if (
        moment.recorded.channel != "hook"
        or before is None
        or before.sequence is None
        or event.sequence is None
    ):
        return
    if event.sequence < before.sequence and event.occurred_at <= before.occurred_at:
        words = f"its message {event.sequence} about {event.subject} came after message {before.sequence}"
        yield moment.signal(SIGHTING, words)


SIGHTING = Sighting(
    "out-of-order",
    "Messages out of order",
    "C",
    "Nothing is lost: the newest word counts. Ask {system} to send in order.",
    _seen,
)
