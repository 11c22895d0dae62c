"""The same fact under a new id: its sender made a new name when it tried again (catalogue 5)."""

from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    if moment.recorded.channel == "hook" and event.attributes and _is_last_word(moment):
        words = (
            f"said {event.type} about {event.subject} twice under two ids, the second is {event.source_id}"
        )
        yield moment.signal(SIGHTING, words)


def _is_last_word(moment: Moment) -> bool:
    """Whether this is, to the letter, what its system said last: type, time, and every value."""
    event, before = moment.recorded.event, moment.before
    if before is None or (event.type, event.occurred_at) != (before.type, before.occurred_at):
        return False
    held = moment.standing.beliefs
    told = ((value, held.get((name, event.system))) for name, value in event.attributes.items())
    return all(
        belief is not None and belief.value[:2] == value[:2] and belief.confirmed_at == event.occurred_at
        for value, belief in told
    )


SIGHTING = Sighting(
    "repeated-fact",
    "Same fact under a new id",
    "A",
    "Nothing counted twice here. See whether {system}'s neighbours posted it twice, reverse the second posting there, "
    "and have {system} keep the id when it tries again.",
    _seen,
)
