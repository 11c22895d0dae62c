"""How often a source speaks: small running figures, moved on by each message and never told from history."""

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

SLOT = datetime.timedelta(minutes=5)
HOUR = datetime.timedelta(hours=1)
_SLOTS_AN_HOUR = HOUR // SLOT
KEPT_SLOTS = 2 * _SLOTS_AN_HOUR
KEPT_WEEKS = 12
# A source that was away for longer begins anew: its hours since say nothing of how it usually speaks.
_LONGEST_ABSENCE = datetime.timedelta(days=7)
# When so many gaps are counted, all are halved: what was long ago weighs less and less.
_MOST_GAPS = 2000
_BUCKETS_PER_DOUBLING = 2


class Pace(NamedTuple):
    """How one channel of one system spoke lately.

    `slots`: events in each of the last two hours' stretches of five minutes, the newest last, which began at
    `slot_at`. `gaps`: how often it was silent for how long, in buckets of half a doubling of seconds. `peak`: the most
    events in a quarter of an hour that ended half an hour ago or earlier, slowly forgotten."""

    system: str
    channel: str
    since: datetime.datetime
    last_at: datetime.datetime
    last_message: int
    slot_at: datetime.datetime
    slots: tuple[int, ...] = (0,)
    gaps: Mapping[int, int] = {}
    peak: float = 0.0

    def within(self, slots: int) -> int:
        """How many events came in the last so many whole stretches of five minutes, and in the present one."""
        return sum(self.slots[-slots - 1 :])

    @property
    def gaps_learnt(self) -> int:
        return sum(self.gaps.values())

    def gap(self, share: float) -> datetime.timedelta:
        """The silence that was not exceeded in such a share of all cases; nothing where none is known."""
        return quantile_of_gaps(self.gaps, share)


class Finished(NamedTuple):
    """An hour that is over, and how many events it brought."""

    began_at: datetime.datetime
    events: int


def begun(system: str, channel: str, at: datetime.datetime) -> Pace:
    """A channel that is heard for the first time."""
    return Pace(system, channel, at, at, 0, slot_of(at))


def slot_of(at: datetime.datetime) -> datetime.datetime:
    """The stretch of five minutes in which a moment lies."""
    return at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)


def heard(pace: Pace, at: datetime.datetime, events: int, message: int) -> tuple[Pace, list[Finished]]:
    """The pace after a message, and the whole hours that are over with it."""
    if at - pace.last_at > _LONGEST_ABSENCE:
        pace = begun(pace.system, pace.channel, at)
    moved, finished = moved_on(pace, at)
    slots = (*moved.slots[:-1], moved.slots[-1] + events)
    counted = moved._replace(
        slots=slots, gaps=_with_gap(moved.gaps, at - pace.last_at), last_at=max(at, pace.last_at),
        last_message=max(message, pace.last_message),
    )  # fmt: skip
    return counted, finished


def moved_on(pace: Pace, at: datetime.datetime) -> tuple[Pace, list[Finished]]:
    """The pace as it stands at a later moment, and the whole hours that have ended since."""
    slots, slot_at, peak = list(pace.slots), pace.slot_at, pace.peak
    finished: list[Finished] = []
    while slot_at < slot_of(at):
        slot_at += SLOT
        if slot_at.minute == 0 and slot_at - HOUR >= pace.since:
            finished.append(Finished(slot_at - HOUR, sum(slots[-_SLOTS_AN_HOUR:])))
        slots = [*slots[1 - KEPT_SLOTS :], 0]
        peak = max(peak * 0.999, sum(slots[-9:-6]))
    return pace._replace(slots=tuple(slots), slot_at=slot_at, peak=peak), finished


def _with_gap(gaps: Mapping[int, int], gap: datetime.timedelta) -> Mapping[int, int]:
    """Messages of one moment have no gap between them."""
    seconds = gap.total_seconds()
    if seconds <= 0:
        return gaps
    bucket = max(0, round(_BUCKETS_PER_DOUBLING * math.log2(max(1.0, seconds))))
    counted = {**gaps, bucket: gaps.get(bucket, 0) + 1}
    if sum(counted.values()) <= _MOST_GAPS:
        return counted
    return {each: count // 2 for each, count in counted.items() if count > 1}


def quantile_of_gaps(gaps: Mapping[int, int], share: float) -> datetime.timedelta:
    """The length of silence below which such a share of the counted ones lies."""
    left = share * sum(gaps.values())
    for bucket in sorted(gaps):
        left -= gaps[bucket]
        if left <= 0:
            return datetime.timedelta(seconds=2 ** ((bucket + 0.5) / _BUCKETS_PER_DOUBLING))
    return datetime.timedelta()


def hour_of_week(at: datetime.datetime, zone: datetime.tzinfo) -> int:
    """0 for the first hour of Monday, 167 for the last of Sunday, by the source's own clock."""
    local = at.astimezone(zone)
    return local.weekday() * 24 + local.hour


def learnt(counts: Sequence[int], events: int) -> tuple[int, ...]:
    """The counts of one hour of the week, the newest last, after another week."""
    return (*counts[-(KEPT_WEEKS - 1) :], events)


def quantile(counts: Sequence[int], share: float) -> float:
    """A quantile of a few counts, between neighbours in proportion. ValueError for none."""
    if not counts:
        raise ValueError("no counts")
    ordered = sorted(counts)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def windows() -> Iterator[int]:
    """The spans over which a rate is looked at, in stretches of five minutes: a quarter, half, one hour."""
    yield from (_SLOTS_AN_HOUR // 4, _SLOTS_AN_HOUR // 2, _SLOTS_AN_HOUR)
