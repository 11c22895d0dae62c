"""Tryton's JSON dialect: `{"__class__": "Decimal" | "date" | "datetime" | "timedelta", ...}` to values and back."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

CLASS = "__class__"
_DATE = ("year", "month", "day")
_TIME = ("hour", "minute", "second", "microsecond")


def decode(value: Any) -> Any:
    """One JSON value to the value it stands for; times come back aware, in UTC (Tryton's are naive UTC).

    A class that we do not know is left as it is. Raises ValueError when a known one is damaged.
    """
    if not isinstance(value, dict) or CLASS not in value:
        return value
    try:
        match value[CLASS]:
            case "Decimal":
                return Decimal(value["decimal"])
            case "date":
                return dt.date(*(_whole(value[name]) for name in _DATE))
            case "datetime":
                day = dt.date(*(_whole(value[name]) for name in _DATE))
                hour, minute, second, micro = (_whole(value.get(name, 0)) for name in _TIME)
                return dt.datetime.combine(day, dt.time(hour, minute, second, micro), dt.UTC)
            case "timedelta":
                return dt.timedelta(seconds=value["seconds"])
    except (KeyError, TypeError, ValueError, OverflowError, InvalidOperation) as error:
        raise ValueError(f"damaged {str(value[CLASS])[:20]}: {type(error).__name__}") from None
    return value


def encode_moment(moment: dt.datetime) -> dict[str, Any]:
    """An aware moment in Tryton's dialect."""
    utc = moment.astimezone(dt.UTC)
    return {CLASS: "datetime"} | {name: getattr(utc, name) for name in (*_DATE, *_TIME)}


def encode_date(date: dt.date) -> dict[str, Any]:
    """A date in Tryton's dialect."""
    return {CLASS: "date"} | {name: getattr(date, name) for name in _DATE}


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("must be a whole number")
    return value
