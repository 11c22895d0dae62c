"""Canonical orders and operations as rows of frePPLe, and what of a row a record does not show."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from controltower.connectors.contract import Outgoing
from controltower.connectors.frepple.translate import Site
from controltower.domain.value import Value, read_decimal, read_time

# Confirmed = frozen, approved = may still be moved. frePPLe has no word for cancelled: a closed order is out of the
# plan either way. It replaces proposed orders with each plan run, so nobody else may write one.
STATUSES = {
    "draft": "approved",
    "firm": "approved",
    "released": "confirmed",
    "ready": "confirmed",
    "running": "confirmed",
    "held": "confirmed",
    "completed": "completed",
    "closed": "closed",
    "cancelled": "closed",
}
_TIMES = {"startdate": "planned_start", "enddate": "planned_end", "due": "due_date"}
_DECIMALS = {"quantity": "quantity", "quantity_completed": "quantity_good"}
PLACES = 8


class Unwritable(Exception):
    """What cannot be said in frePPLe's dialect, and why."""


def order_row(site: Site, operation: str, outgoing: Outgoing) -> dict[str, Any]:
    """A manufacturing order with the attributes that are carried. Raises Unwritable."""
    attributes = outgoing.attributes
    item = attributes["item"].text if "item" in attributes else outgoing.refs.get("item", "")
    location = _location(site, outgoing.subject.plant)
    row: dict[str, Any] = {"reference": outgoing.subject.key, "location": location}
    if item:
        row |= {"item": item, "operation": operation.format(item=item, location=location)}
    if "priority" in attributes:
        row["priority"] = _whole(attributes["priority"])
    return row | _common(site, outgoing)


def operation_row(site: Site, outgoing: Outgoing) -> dict[str, Any]:
    """A work order's progress: its status and what is done, never its place in the plan. Raises Unwritable."""
    order, _, number = outgoing.subject.key.rpartition("/")
    if not order:
        raise Unwritable(f"operation {outgoing.subject.key} does not name its order")
    carried = {
        name: each for name, each in outgoing.attributes.items() if name in ("status", "quantity_good")
    }
    row = _common(site, outgoing._replace(attributes=carried))
    row.pop("source")  # a work order is the scheduler's own
    # The other way round as it is read: MO-1001-10 is operation 10 of MO-1001.
    return {"reference": f"{order}-{number}"} | row


def _common(site: Site, outgoing: Outgoing) -> dict[str, Any]:
    attributes = outgoing.attributes
    row: dict[str, Any] = {}
    if "status" in attributes:
        row["status"] = _status(attributes["status"])
    row |= {
        field: _decimal(site, attributes[name]) for field, name in _DECIMALS.items() if name in attributes
    }
    row |= {field: _time(site.zone, attributes[name]) for field, name in _TIMES.items() if name in attributes}
    return row | {"source": outgoing.source}


def differences(row: Mapping[str, Any], held: Mapping[str, Any], zone: ZoneInfo) -> list[str]:
    """In words, the fields of a row that a record of frePPLe does not show; [] when it shows them all."""
    return [
        f"{field} is {held.get(field)!r}, not {wanted!r}"
        for field, wanted in row.items()
        if not _same(field, wanted, held.get(field), zone)
    ]


def _same(field: str, wanted: Any, held: Any, zone: ZoneInfo) -> bool:
    try:
        if field in _TIMES:
            return bool(held) and abs((read_time(held, zone) - read_time(wanted, zone)).total_seconds()) < 1
        if field in _DECIMALS or field == "priority":
            return read_decimal(str(held)) == read_decimal(str(wanted))
    except (TypeError, ValueError):
        return False
    return bool(held == wanted)


def _location(site: Site, plant: str) -> str:
    return next((location for location, named in site.plants.items() if named == plant), plant)


def _status(value: Value) -> str:
    native = STATUSES.get(value.text)
    if native is None:
        raise Unwritable(f"frePPLe has no status for {value.text!r}")
    return native


def _decimal(site: Site, value: Value) -> str:
    if value.unit and value.unit != site.unit:
        raise Unwritable(f"frePPLe counts in {site.unit}, and {value.text} {value.unit} is something else")
    try:
        return f"{read_decimal(value.text):.{PLACES}f}"
    except ValueError as error:
        raise Unwritable(str(error)) from None


def _time(zone: ZoneInfo, value: Value) -> str:
    """Naive, in the zone of the server: frePPLe knows no other."""
    try:
        return read_time(value.text).astimezone(zone).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError) as error:
        raise Unwritable(f"{value.text!r} is no time that frePPLe takes: {error}") from None


def _whole(value: Value) -> int:
    try:
        return int(value.text)
    except ValueError:
        raise Unwritable(f"{value.text!r} is no whole number") from None
