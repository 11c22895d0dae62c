"""A message from the future: the clock of its sender is wrong (catalogue 8)."""

from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting
from controltower.rules.zone import misread_by


def _seen(moment: Moment) -> Iterator[Signal]:
    ahead = moment.recorded.event.occurred_at - moment.recorded.learnt_at
    if ahead > moment.landscape.limits.clock_ahead and misread_by(moment) is None:
        seconds = ahead.total_seconds()
        yield moment.signal(SIGHTING, f"its clock runs {seconds / 60:.0f} min ahead of ours", seconds)


SIGHTING = Sighting(
    "clock-skew",
    "Clock skew",
    "B",
    "Set the clock of {system} right (NTP); until then its times are shown, not trusted.",
    _seen,
)
