"""A polled value goes back in time: the list came from a replica or a cache that lags behind (catalogue 56)."""

import datetime
from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting


def _seen(moment: Moment) -> Iterator[Signal]:
    event, before = moment.recorded.event, moment.before
    if moment.recorded.channel != "poll" or before is None or event.occurred_at >= before.occurred_at:
        return
    # A webhook may overtake a list that is just being read.
    known_for = moment.recorded.learnt_at - before.learnt_at
    if known_for >= moment.figure(SIGHTING, "known_for"):
        back = (before.occurred_at - event.occurred_at).total_seconds()
        words = (
            f"its list shows {event.subject} as it was at {event.occurred_at:%H:%M:%S} UTC, {back / 60:.0f} min before "
            "what it has shown already"
        )
        yield moment.signal(SIGHTING, words, back)


SIGHTING = Sighting(
    "stale-read",
    "Stale reads",
    "B",
    "Have the tower read from {system}'s primary, or its replica caught up. The older word was not taken over.",
    _seen,
    figures={"known_for": datetime.timedelta(minutes=1)},
)
