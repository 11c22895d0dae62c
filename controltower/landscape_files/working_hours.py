"""How working hours and public holidays are written: `mon = ["06:00-22:00"]`, `holidays = "FR"`, `closed = [...]`."""

import datetime
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import holidays as public

from controltower.domain.calendar import DAY_MINUTES, Stretch
from controltower.landscape_files.problem import suggestion
from controltower.landscape_files.value import Wrong, said, table, text, texts

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EXAMPLE = 'Write two times, such as "06:00-22:00"; one that ends on the next day is "22:00-06:00".'
_STRETCH = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


def hours(given: Any) -> tuple[tuple[Stretch, ...], ...]:
    """The stretches of each weekday, Monday first; a day that is not named is closed."""
    held = table(given)
    for day in held:
        if day not in WEEKDAYS:
            raise Wrong(f"names the unknown day {said(day)}", suggestion(day[:3].lower(), WEEKDAYS))
    found = tuple(tuple(map(stretch, texts(held.get(day, [])))) for day in WEEKDAYS)
    if not any(found):
        raise Wrong("is never open", 'Give it working hours, such as hours = { mon = ["06:00-22:00"] }.')
    return found


def stretch(given: str) -> Stretch:
    """`06:00-22:00` -> minutes since midnight; `22:00-06:00` ends on the next day, `00:00-24:00` is all day."""
    found = _STRETCH.fullmatch(given)
    if found is None:
        raise Wrong(f"must be working hours, not {said(given)}", _EXAMPLE)
    start, end = _minutes(found[1], found[2], given), _minutes(found[3], found[4], given)
    if start in (DAY_MINUTES, end):
        raise Wrong(f"is no length of time: {said(given)}", _EXAMPLE)
    return start, end


def _minutes(hour: str, minute: str, given: str) -> int:
    total = 60 * int(hour) + int(minute)
    if int(minute) > 59 or total > DAY_MINUTES:
        raise Wrong(f"names a time that no day has: {said(given)}", _EXAMPLE)
    return total


Holidays = Callable[[int], frozenset[datetime.date]]


def public_holidays(given: Any) -> Holidays:
    """`FR` or `FR-57`: a country, or one of its parts, by its ISO 3166 code."""
    country, _, part = text(given).partition("-")
    known = public.list_supported_countries()
    if country not in known:
        raise Wrong(f"names the unknown country {said(given)}", 'Write its ISO 3166 code, such as "FR".')
    if part and part not in known[country]:
        raise Wrong(
            f"names no part of {country} that has holidays of its own: {said(given)}", _parts(country)
        )
    return partial(of_year, country, part)


def _parts(country: str) -> str:
    parts = [f"{country}-{part}" for part in public.list_supported_countries()[country]]
    return suggestion("", parts[:20]) if parts else f'Write "{country}" alone.'


@lru_cache(maxsize=512)
def of_year(country: str, part: str, year: int) -> frozenset[datetime.date]:
    """The public holidays of one year."""
    return frozenset(public.country_holidays(country, subdiv=part or None, years=year, expand=False))


def days(given: Any) -> frozenset[datetime.date]:
    """Days in quotes or as TOML dates: `["2026-12-24", 2026-12-31]`."""
    if not isinstance(given, list):
        raise Wrong(f"must be a list of days, not {said(given)}", 'Write it in brackets: ["2026-12-24"]')
    return frozenset(map(_day, given))


def _day(given: Any) -> datetime.date:
    if isinstance(given, datetime.date) and not isinstance(given, datetime.datetime):
        return given
    try:
        return datetime.date.fromisoformat(text(given))
    except ValueError:
        raise Wrong(f"names no day: {said(given)}", 'Write it as "2026-12-24".') from None
