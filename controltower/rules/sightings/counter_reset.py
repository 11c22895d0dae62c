"""A count that falls: the machine's counter was reset or rolled over, nothing was unmade (catalogue 77)."""

from collections.abc import Iterator

from controltower.domain.belief import is_late
from controltower.domain.signal import Signal
from controltower.domain.value import read_decimal
from controltower.rules.sighting import Moment, Sighting

_KINDS = frozenset({"resource"})
_COUNT = "count"


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    told = event.attributes.get(_COUNT)
    if told is None or event.subject.kind not in _KINDS:
        return
    before = moment.standing.beliefs.get((_COUNT, event.system))
    if before is None or is_late(before, moment.recorded):
        return
    try:
        fell = read_decimal(before.value.text) - read_decimal(told.text)
    except ValueError:
        return
    if fell > 0:
        words = f"the count of {event.subject.key} fell from {before.value.text} to {told.text}"
        yield moment.signal(SIGHTING, words, float(fell), key=str(event.subject))


SIGHTING = Sighting(
    "counter-reset",
    "Counter reset",
    "B",
    "Take it as a new start of the counter, not as negative production; ask {system} why it was reset.",
    _seen,
)
