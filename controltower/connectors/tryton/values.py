"""Canonical values out of Tryton's fields; None where Tryton says nothing."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from controltower.connectors.tryton.manifest import MANIFEST
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.row import Row, need
from controltower.domain.value import Value, read_time, write_decimal, write_time

_DAY_END = dt.time(23, 59, 59)


def held(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    """The attributes about which something is said."""
    return {name: value for name, value in attributes.items() if value is not None}


def status(kind: str, native: str) -> Value:
    """The canonical status, Tryton's own word beside it; `unknown` for one that nobody has mapped."""
    return Value(MANIFEST.statuses[kind].get(native, "unknown"), "", native)


def text(found: str | None) -> Value | None:
    """A name or code."""
    return Value(found) if found else None


def quantity(number: str | None, unit: str) -> Value | None:
    """A quantity or an amount of money; nothing without a unit or currency, for a bare number means nothing."""
    return Value(number, unit) if number is not None and unit else None


def day(row: Row, name: str, zone: ZoneInfo, end: bool = False) -> Value | None:
    """A date as its first moment, or (`end`) its last second, in the plant's zone; Tryton's own date beside it."""
    date = row.date(name)
    if date is None:
        return None
    at = dt.datetime.combine(date, _DAY_END if end else dt.time(), zone)
    try:
        return Value(write_time(at), "", date.isoformat())
    except OverflowError:
        raise row.wrong(name, "date out of range") from None


def past(value: Value | None, at: dt.datetime) -> Value | None:
    """What has happened is not later than `at`, when it was told: a day that has not ended yet ends then."""
    if value is None or read_time(value.text) <= at:
        return value
    return value._replace(text=write_time(at))


def moment(at: dt.datetime | None) -> Value | None:
    """A point in time."""
    return Value(write_time(at)) if at else None


def moments(rows: Iterable[Row], name: str) -> list[dt.datetime]:
    """The times that some rows hold in one field."""
    return [at for row in rows if (at := row.moment(name))]


def latest(rows: list[Row]) -> dt.datetime:
    """When the newest of a record and its parts changed. Raises Wrong where none of them has a stamp."""
    found = moments(rows, "last_modified_at")
    return max(found) if found else need(rows[0], "last_modified_at", None)


def named(row: Row, relation: str, field: str) -> str | None:
    """A text field of the record that `row` points to, such as the code of its product."""
    target = row.part(relation)
    return target.text(field) if target else None


def unit_of(row: Row, places: Places, relation: str = "unit.") -> str:
    """The canonical unit of a row, "" without one."""
    return places.unit(named(row, relation, "symbol") or "")


def total(rows: list[Row], unit: str, places: Places) -> str | None:
    """The sum of the quantities of some moves; None without moves, or where their units differ from `unit`."""
    if not rows or any(unit_of(row, places) != unit for row in rows):
        return None
    return write_decimal(sum((Decimal(row.number("quantity") or "0") for row in rows), Decimal()))


def difference(one: str, other: str) -> str:
    """One decimal text less another, of figures that Tryton counts in binary floats."""
    return write_decimal(round(Decimal(one) - Decimal(other), 6))


def refs(row: Row, **names: str | None) -> dict[str, str]:
    """The names by which others may know the record; `native_id` is Tryton's own id."""
    native = need(row, "id", row.whole("id"))
    return {"native_id": str(native)} | {name: found for name, found in names.items() if found}
