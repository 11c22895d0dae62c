"""A message long after its fact: something held it up on the way (catalogue 7)."""

from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting
from controltower.rules.zone import misread_by


def _seen(moment: Moment) -> Iterator[Signal]:
    recorded = moment.recorded
    delay = recorded.learnt_at - recorded.event.occurred_at
    late = recorded.channel == "hook" and delay > moment.landscape.limits.late_after
    if late and misread_by(moment) is None:
        seconds = delay.total_seconds()
        yield moment.signal(SIGHTING, f"its message came {seconds / 60:.0f} min after the fact", seconds)


SIGHTING = Sighting(
    "late-arrival",
    "Late messages",
    "B",
    "Find out what held the messages of {system} up; figures of the past have been restated.",
    _seen,
)
