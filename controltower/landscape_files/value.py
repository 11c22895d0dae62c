"""How each kind of setting is written in a file, read, and refused in words."""

import datetime
import math
import re
from collections.abc import Callable, Collection
from typing import Any
from zoneinfo import ZoneInfo

from controltower.domain.value import read_decimal, write_decimal
from controltower.landscape_files.environment import FromEnvironment, Unset
from controltower.landscape_files.problem import suggestion

UNITS = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1, "min": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400, "week": 604800, "weeks": 604800,
}  # fmt: skip
# Ten years: whatever is longer is a slip of the pen.
LONGEST_DAYS = 3650
SIZES = {"kB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2}
_MEASURE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
Reader = Callable[[Any], Any]


class Wrong(Exception):
    """A value that cannot be used: what is wrong with it, and what to write instead."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


def said(given: object) -> str:
    """A value as a message may show it; one from the environment is never shown."""
    if isinstance(given, FromEnvironment):
        return "the value in the environment"
    if isinstance(given, str):
        return repr(given if len(given) <= 60 else given[:57] + "...")
    kinds = {bool: "a yes or no", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return kinds.get(type(given), "a date or time")


def text(given: Any) -> str:
    """A text that is not empty."""
    if not isinstance(given, str) or not given.strip():
        raise Wrong(f"must be a text, not {said(given)}", 'Write it in quotes: "..."')
    return given


def texts(given: Any) -> tuple[str, ...]:
    """A list of texts."""
    read: tuple[str, ...] = each(text)(given)
    return read


def one_or_more(given: Any) -> tuple[str, ...]:
    """A text, or a list of texts."""
    return texts(given if isinstance(given, list) else [given])


def each(reader: Reader) -> Reader:
    """A list, each element of which one reader takes; what the environment lacks has been told and is left out."""

    def read(given: Any) -> tuple[Any, ...]:
        if not isinstance(given, list):
            raise Wrong(f"must be a list, not {said(given)}", 'Write it in brackets: ["..."]')
        return tuple(reader(element) for element in given if not isinstance(element, Unset))

    return read


def one_of(noun: str, words: Collection[str]) -> Reader:
    """A word of a closed list."""

    def read(given: Any) -> str:
        if text(given) not in words:
            raise Wrong(f"names the unknown {noun} {said(given)}", suggestion(given, words))
        return str(given)

    return read


def duration(given: Any) -> datetime.timedelta:
    """`90 s`, `15 min`, `2 h`, `1 day`: longer than nothing."""
    read = duration_or_none(given)
    if not read:
        raise Wrong("must be longer than nothing", 'Write a number and its unit, such as "15 min".')
    return read


def duration_or_none(given: Any) -> datetime.timedelta:
    """A length of time that may also be `0 s`."""
    seconds = _measure(given, UNITS, "a length of time", '"90 s", "15 min", "2 h" or "1 day"')
    if seconds > LONGEST_DAYS * UNITS["day"]:
        raise Wrong(f"must be at most {LONGEST_DAYS} days, not {said(given)}", "Write a shorter time.")
    return datetime.timedelta(seconds=seconds)


def size(given: Any) -> int:
    """`16 MiB` -> bytes."""
    read = int(_measure(given, SIZES, "a size", '"512 kB" or "16 MiB"'))
    if not read:
        raise Wrong("must be larger than nothing", 'Write a number and its unit, such as "16 MiB".')
    return read


def _measure(given: Any, units: dict[str, int], noun: str, examples: str) -> float:
    found = _MEASURE.fullmatch(given) if isinstance(given, str) else None
    if found is None or found[2] not in units or len(found[1]) > 12:
        raise Wrong(f"must be {noun}, not {said(given)}", f"Write a number and its unit, such as {examples}.")
    return float(found[1]) * units[found[2]]


def whole_number(given: Any) -> int:
    """A whole number, 0 or more."""
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise Wrong(f"must be a whole number, 0 or more, not {said(given)}", "Write it without quotes: 600")
    return given


def yes_or_no(given: Any) -> bool:
    """`true` or `false`, without quotes."""
    if not isinstance(given, bool):
        raise Wrong(f"must be true or false, not {said(given)}", "Write it without quotes: true")
    return given


def count(given: Any) -> int:
    """A whole number, 1 or more."""
    if whole_number(given) == 0:
        raise Wrong("must be 1 or more", "Write a whole number without quotes: 4")
    return int(given)


def number(given: Any) -> float:
    """A number, 0 or more."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < math.inf:
        raise Wrong(f"must be a number, 0 or more, not {said(given)}", "Write it without quotes: 0.5")
    return float(given)


def number_above_zero(given: Any) -> float:
    """A number greater than 0."""
    if number(given) == 0:
        raise Wrong("must be more than 0", "Write it without quotes: 2")
    return float(given)


def zone(given: Any) -> ZoneInfo:
    """A time zone of the IANA list, such as `Europe/Paris`."""
    try:
        return ZoneInfo(text(given))
    except (KeyError, ValueError, OSError):
        raise Wrong(
            f"names the unknown time zone {said(given)}",
            'Write its IANA name, such as "Europe/Paris" or "UTC".',
        ) from None


def tolerance(given: Any) -> str:
    """How far apart two values may lie: `60 s` for times (kept in seconds), `0.5` for quantities."""
    if isinstance(given, str) and (found := _MEASURE.fullmatch(given)) and found[2] in UNITS:
        return write_decimal(read_decimal(found[1]) * UNITS[found[2]])
    try:
        number = read_decimal(given if isinstance(given, str) else repr(given))
    except ValueError:
        number = None
    if isinstance(given, bool) or number is None or number < 0:
        raise Wrong(
            f"must be a tolerance, not {said(given)}", 'Write "60 s" for a time, "0.5" for a quantity.'
        )
    return write_decimal(number)


def table(given: Any) -> dict[str, Any]:
    """A table, whose own keys are read by whoever asked for it."""
    if not isinstance(given, dict):
        raise Wrong(
            f"must be a table, not {said(given)}",
            "Write it as [name] with its keys below, or as { key = ... }.",
        )
    return given


def tables(given: Any) -> tuple[dict[str, Any], ...]:
    """A list of tables."""
    read: tuple[dict[str, Any], ...] = each(table)(given)
    return read


def patterns(names: Collection[str]) -> Reader:
    """A reader of tables with a regular expression under each of some names."""

    def read(given: Any) -> dict[str, str]:
        found = {one_of("class of failure", names)(name): text(held) for name, held in table(given).items()}
        for name, pattern in found.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise Wrong(
                    f"is no pattern under {name}: {error}", 'Write words, such as "period .* closed".'
                ) from None
        return found

    return read
