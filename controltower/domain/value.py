"""Canonical values: how each kind of value is read from text, compared and told apart."""

import datetime
import decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controltower.domain import vocabulary

UTC = datetime.UTC
# No plant counts or pays in figures beyond this; a larger one is damage (and could cost memory to write out).
LARGEST_EXPONENT = 30


class Value(NamedTuple):
    """One value: canonical text, its unit (or currency), and the source's own words where they differ."""

    text: str
    unit: str = ""
    native: str = ""


def read_time(text: str, zone: ZoneInfo | None = None) -> datetime.datetime:
    """RFC 3339 text to UTC. A time without a zone is read in `zone`; without one it is refused (ValueError)."""
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError("time without a zone")
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("time out of range") from None


def odd_hour(text: str, zone: datetime.tzinfo) -> str:
    """What is odd about a local time that names no zone: a clock change may leave its hour out, or bring it twice.

    "" for any other time. Such a time is read as if the clocks had not been changed yet: of two the first, and where
    there is none the one that the old time would have been. ValueError for text that is no time.
    """
    naive = datetime.datetime.fromisoformat(text)
    if naive.tzinfo is not None:
        return ""
    first, second = (naive.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None or first == second:
        return ""
    word = "comes twice that night" if first > second else "does not exist that night"
    return f"{text} {word}: the clocks are changed"


def write_time(moment: datetime.datetime) -> str:
    """UTC moment to its canonical text, such as `2026-03-09T17:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_decimal(text: str) -> decimal.Decimal:
    """Plain decimal text; thousands marks, commas, NaN and absurd sizes are refused (ValueError)."""
    try:
        number = decimal.Decimal(text)
    except decimal.InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no decimal number") from None
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT or "_" in text:
        raise ValueError(f"{text[:40]!r} is no usable number")
    return number


def write_decimal(number: decimal.Decimal) -> str:
    """The shortest plain text of a number: `120.500` -> `120.5`."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def time_value(text: str, zone: ZoneInfo | None = None) -> Value:
    """A point in time, canonical in UTC, with the source's own text kept."""
    canonical = write_time(read_time(text, zone))
    return Value(canonical, "", "" if canonical == text else text)


def quantity_value(text: str, unit: str) -> Value:
    """A quantity; its unit is required, for a bare number means something else in each system."""
    if not unit:
        raise ValueError("quantity without a unit")
    return Value(write_decimal(read_decimal(text)), unit)


def status_value(kind: str, text: str, native: str = "") -> Value:
    """A canonical status; one outside the list of its kind becomes `unknown`, keeping the source's word."""
    known = vocabulary.STATUSES.get(kind)
    if known is None or text in known:
        return Value(text, "", native)
    return Value("unknown", "", native or text)


def flag_value(text: object) -> Value:
    """A yes or no."""
    if isinstance(text, bool):
        return Value("true" if text else "false")
    if text in ("true", "false"):
        return Value(str(text))
    raise ValueError("must be true or false")


def differ(kind: str, one: Value, other: Value, tolerance: str = "") -> bool:
    """Whether two beliefs disagree by more than the tolerance (seconds for times, a number for quantities)."""
    if one.text == other.text and one.unit == other.unit:
        return False
    try:
        return _apart(kind, one, other, tolerance)
    except ValueError:
        return True  # one of the two is no value of this kind


def _apart(kind: str, one: Value, other: Value, tolerance: str) -> bool:
    if kind == vocabulary.TIME:
        apart = abs((read_time(one.text) - read_time(other.text)).total_seconds())
        return apart > float(tolerance or 0)
    if kind in (vocabulary.QUANTITY, vocabulary.MONEY) and one.unit == other.unit:
        return abs(read_decimal(one.text) - read_decimal(other.text)) > read_decimal(tolerance or "0")
    return True


def shown(value: Value, kind: str = vocabulary.TEXT, zone: datetime.tzinfo = UTC) -> str:
    """The value as one reads it: `120 EA`, or for a time `12 Mar 2026 18:00` in a plant's zone."""
    if kind == vocabulary.TIME and value.text:
        try:
            return f"{read_time(value.text).astimezone(zone):%-d %b %Y %H:%M}"
        except (ValueError, OverflowError):
            # "For ever" is written 9999-12-31 by many, which is no moment any more east of Greenwich.
            return value.text
    return f"{value.text} {value.unit}" if value.unit else value.text
