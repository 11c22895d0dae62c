"""A source has deleted a record and made another of the same name: an update in its way (catalogue 20)."""

from collections.abc import Iterator

from controltower.domain.belief import is_late
from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    told = event.attributes.get("record")
    held = moment.standing.beliefs.get(("record", event.system))
    if told is None or held is None or held.value.text == told.text or is_late(held, moment.recorded):
        return
    words = f"the record of {event.subject.key} was made anew, {told.text} in the place of {held.value.text}"
    yield moment.signal(SIGHTING, words)


SIGHTING = Sighting(
    "record-recreated",
    "Record made anew",
    "C",
    "Nothing is lost: it counts as a change. Who keeps the technical keys of {system} must take the new one.",
    _seen,
)
