"""Times that are whole hours off: local time was taken for UTC, or the other way round (catalogue 9)."""

from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting
from controltower.rules.zone import misread_by


def _seen(moment: Moment) -> Iterator[Signal]:
    off = misread_by(moment)
    if off:
        hours = off.total_seconds() / 3600
        way = "ahead of" if hours > 0 else "behind"
        words = (
            f"its times are {abs(hours):g} h {way} ours, which a time zone explains and a wrong clock hardly"
        )
        yield moment.signal(SIGHTING, words, off.total_seconds())


SIGHTING = Sighting(
    "zone-misread",
    "Time zone misread",
    "A",
    "Set the time zone in {system}, or the zone that the configuration names for it; have the times since told again.",
    _seen,
)
