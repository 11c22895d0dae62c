"""Working calendars: when a plant, a team or a service level is at work, and how working time passes."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

UTC = datetime.UTC
NOTHING = datetime.timedelta(0)
DAY_MINUTES = 24 * 60
# Nobody's calendar is shut for longer; what looks further ahead has no end in sight.
LONGEST_REST = 400

# The minutes of a day from its midnight, start and end: (360, 1320) is 06:00 to 22:00. An end at or before the start
# lies on the next day.
Stretch = tuple[int, int]
Interval = tuple[datetime.datetime, datetime.datetime]


def no_holidays(year: int) -> frozenset[datetime.date]:
    """The public holidays of who has none."""
    return frozenset()


@dataclass(frozen=True)
class Calendar:
    """Working hours by weekday (0 = Monday) in a zone, without public holidays and the site's own closed days.

    `hours` empty: round the clock. `holidays`: year -> its public holidays. A day that is closed closes what begins on
    it: a night shift from the day before still ends."""

    name: str = ""
    zone: datetime.tzinfo = UTC
    hours: tuple[tuple[Stretch, ...], ...] = ()
    holidays: Callable[[int], frozenset[datetime.date]] = field(default=no_holidays, repr=False)
    closed: frozenset[datetime.date] = frozenset()

    @property
    def always_open(self) -> bool:
        return not self.hours

    def is_open(self, moment: datetime.datetime) -> bool:
        """Whether it is working time; the moment of closing is not."""
        return self.always_open or any(start <= moment < end for start, end in self._around(moment))

    def opens_at(self, moment: datetime.datetime) -> datetime.datetime:
        """The moment itself in working time, else when that begins next. Raises ValueError when it never does."""
        if self.always_open:
            return moment
        start, _ = next(self._from(moment))
        return max(start, moment)

    def within(self, start: datetime.datetime, span: datetime.timedelta) -> datetime.datetime:
        """When `span` of working time has passed since `start`: at the latest the moment of closing.

        Raises ValueError where working time never comes."""
        if self.always_open or span <= NOTHING:
            return start + span
        left = span
        for opened, closes in self._from(start):
            begins = max(opened, start)
            if closes - begins >= left:
                return begins + left
            left -= closes - begins
        raise ValueError(f"calendar {self.name!r} has no working time")

    def elapsed(self, start: datetime.datetime, end: datetime.datetime) -> datetime.timedelta:
        """The working time between two moments; negative where the end lies before the start."""
        if self.always_open:
            return end - start
        if end < start:
            return -self.elapsed(end, start)
        passed = NOTHING
        for opened, closes in self._until(start, end):
            passed += closes - opened
        return passed

    def _around(self, moment: datetime.datetime) -> Iterator[Interval]:
        day = moment.astimezone(self.zone).date()
        yield from _intervals(self, day - _ONE)
        yield from _intervals(self, day)

    def _from(self, moment: datetime.datetime) -> Iterator[Interval]:
        """The working intervals that end after a moment, in order and apart from each other."""
        day = moment.astimezone(self.zone).date() - _ONE
        reached, rest = moment, 0
        while rest <= LONGEST_REST:
            rest += 1
            for start, end in _intervals(self, day):
                if end > reached:
                    yield max(start, reached), end
                    reached, rest = end, 0
            day += _ONE
        raise ValueError(f"calendar {self.name!r} has no working time after {moment:%Y-%m-%d}")

    def _until(self, start: datetime.datetime, end: datetime.datetime) -> Iterator[Interval]:
        day, last = start.astimezone(self.zone).date() - _ONE, end.astimezone(self.zone).date()
        reached = start
        while day <= last and reached < end:
            for opened, closes in _intervals(self, day):
                if closes > reached and max(opened, reached) < end:
                    yield max(opened, reached), min(closes, end)
                    reached = closes
            day += _ONE

    def __hash__(self) -> int:
        return hash(self.name)


_ONE = datetime.timedelta(days=1)
ALWAYS = Calendar()


@lru_cache(maxsize=4096)
def _intervals(calendar: Calendar, day: datetime.date) -> tuple[Interval, ...]:
    """What begins on a day, in UTC. A time that the clocks skip counts as if they did not."""
    if day in calendar.closed or day in calendar.holidays(day.year):
        return ()
    found = (_interval(calendar.zone, day, *stretch) for stretch in calendar.hours[day.weekday()])
    return tuple(sorted((start, end) for start, end in found if start < end))


def _interval(zone: datetime.tzinfo, day: datetime.date, start: int, end: int) -> Interval:
    if end <= start:
        end += DAY_MINUTES
    return _moment(zone, day, start), _moment(zone, day, end)


def _moment(zone: datetime.tzinfo, day: datetime.date, minutes: int) -> datetime.datetime:
    days, rest = divmod(minutes, DAY_MINUTES)
    local = datetime.datetime.combine(day + days * _ONE, datetime.time(*divmod(rest, 60)), zone)
    return local.astimezone(UTC)
