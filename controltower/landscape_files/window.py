"""How a maintenance window is written: `Sun 02:00-04:00`, each week; it may pass midnight."""

import datetime
import re
from typing import Any

from controltower.domain.retry import Window
from controltower.landscape_files.problem import suggestion
from controltower.landscape_files.value import Wrong, said

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EXAMPLE = 'Write a day and two times, such as "Sun 02:00-04:00".'
_WINDOW = re.compile(r"\s*([A-Za-z]+)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_TIME = re.compile(r"\s*(\d{1,2}):(\d{2})\s*")
DAY = 24 * 60


def window(given: Any) -> Window:
    """One window; the day is the one on which it begins. `22:00-02:00` ends on the next day, `24:00` is its end."""
    found = _WINDOW.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise Wrong(f"must be a maintenance window, not {said(given)}", _EXAMPLE)
    day = found[1]
    if day not in WEEKDAYS:
        raise Wrong(f"names the unknown day {said(day)}", suggestion(day.capitalize(), WEEKDAYS))
    start, end = _minutes(found[2], found[3]), _minutes(found[4], found[5])
    if start in (DAY, end):
        raise Wrong(f"is no length of time: {said(given)}", _EXAMPLE)
    length = end - start if end > start else end + DAY - start
    return Window(WEEKDAYS.index(day), datetime.time(*divmod(start, 60)), datetime.timedelta(minutes=length))


def time_of_day(given: Any) -> datetime.time:
    """`02:00`, up to `23:59`."""
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    minutes = _minutes(found[1], found[2]) if found else DAY
    if minutes == DAY:
        raise Wrong(f"must be a time of day, not {said(given)}", 'Write hours and minutes, such as "02:00".')
    return datetime.time(*divmod(minutes, 60))


def _minutes(hours: str, minutes: str) -> int:
    """Minutes since midnight."""
    total = 60 * int(hours) + int(minutes)
    if int(minutes) > 59 or total > DAY:
        raise Wrong(f"names the unknown time {hours}:{minutes}", _EXAMPLE)
    return total
