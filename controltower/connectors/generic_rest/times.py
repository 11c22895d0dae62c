"""Reads the times that systems write in their own way: naive, minutes only, whole days, unix seconds."""

import datetime
from collections.abc import Callable
from zoneinfo import ZoneInfo

from controltower.domain.value import UTC, odd_hour, read_time

FORMATS = ("iso", "day-start", "day-end", "unix", "unix-ms")
_DAY_END = datetime.time(23, 59, 59)


def time_reader(form: str, zone: ZoneInfo) -> Callable[[str], datetime.datetime]:
    """A function from native text to UTC; it raises ValueError for text that is no such time.

    A time that names no zone is read in `zone`. A `form` with a % is a strptime pattern.
    """
    if form == "iso":
        return lambda text: read_time(text, zone)
    if form in ("day-start", "day-end"):
        at = datetime.time() if form == "day-start" else _DAY_END
        return lambda text: _day(text, at, zone)
    if form in ("unix", "unix-ms"):
        divisor = 1000 if form == "unix-ms" else 1
        return lambda text: _unix(text, divisor)
    if "%" in form:
        return lambda text: read_time(_naive_or_aware(text, form), zone)
    raise ValueError(f"{form!r} is no time format; use one of {', '.join(FORMATS)} or a strptime pattern")


def hour_checker(form: str, zone: ZoneInfo) -> Callable[[str], str]:
    """A function from native text to what is odd about its hour (a clock change); "" where nothing is."""
    if form != "iso" and "%" not in form:
        return lambda text: ""

    def odd(text: str) -> str:
        try:
            return odd_hour(text if form == "iso" else _naive_or_aware(text, form), zone)
        except ValueError:
            return ""  # told where it is read

    return odd


def time_writer(form: str, zone: ZoneInfo) -> Callable[[datetime.datetime], str]:
    """From UTC to the text of a query parameter: "iso" (with Z), "unix", or a strftime pattern in `zone`."""
    if form == "iso":
        return lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if form == "unix":
        return lambda moment: str(int(moment.timestamp()))
    if "%" in form:
        return lambda moment: moment.astimezone(zone).strftime(form)
    raise ValueError(f"{form!r} is no format of a query; use iso, unix or a strftime pattern")


def _day(text: str, at: datetime.time, zone: ZoneInfo) -> datetime.datetime:
    day = datetime.date.fromisoformat(text[:10])
    return read_time(datetime.datetime.combine(day, at, zone).isoformat())


def _unix(text: str, divisor: int) -> datetime.datetime:
    try:
        return datetime.datetime.fromtimestamp(float(text) / divisor, UTC)
    except (OverflowError, OSError):
        raise ValueError("time out of range") from None


def _naive_or_aware(text: str, form: str) -> str:
    return datetime.datetime.strptime(text, form).isoformat()  # noqa: DTZ007 - the caller gives it its zone
