"""frePPLe's REST dialect: bare arrays, naive local times, decimals as text with 8 places, lenient filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
ZONE = ZoneInfo("Europe/Paris")
STATUSES = ("proposed", "approved", "confirmed", "completed", "closed")
_DATES = ("startdate", "enddate", "lastmodified")
_WORDS = ("reference", "status", "owner", "operation", "source")
_COMPARE = {
    "": lambda have, want: have == want,
    "gt": lambda have, want: have > want,
    "gte": lambda have, want: have >= want,
    "lt": lambda have, want: have < want,
    "lte": lambda have, want: have <= want,
}


def naive(moment: float | None) -> str | None:
    """Virtual unix seconds as naive Paris time, without a fraction when there is none."""
    if moment is None:
        return None
    return datetime.fromtimestamp(round(moment, 3), ZONE).replace(tzinfo=None).isoformat()


def moment_of(text: str) -> float:
    """A date or time as unix seconds; without a zone it is Paris time. Raises ValueError when it is none."""
    read = datetime.fromisoformat(text.replace(" ", "T") if text[10:11] == " " else text)
    return read.replace(tzinfo=read.tzinfo or ZONE).astimezone(UTC).timestamp()


def decimal(value: float | None) -> str | None:
    """A number as text with 8 places."""
    return None if value is None else f"{value:.8f}"


def delay(end: float | None, due: float | None) -> str:
    """How late the end is, as `D HH:MM:SS`; negative days when it is early."""
    if end is None or due is None:
        return "-21914 00:00:00"
    seconds = round(end - due)
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    clock = f"{seconds % 86400 // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    return f"{sign}{seconds // 86400} {clock}"


def manufacturing_order(order: Row) -> Row:
    """A manufacturing order record as REST shows it, site attributes at the end."""
    return {
        **_common(order),
        "operation": f"Make {order['item']}",
        "delay": delay(order["end"], order["due"]),
        "plan": {"pegging": {order["reference"]: float(order["quantity"])}},
        "owner": None,
        "demand": order["reference"],
        "resources": [],
        "due": naive(order["due"]),
        "priority": order["priority"],
        "revision": order["revision"],
        "feasible": order.get("feasible"),
        "constraint": order.get("constraint"),
        "short_item": order.get("short_item"),
        "short_quantity": decimal(order.get("short_quantity")),
    }


def work_order(work: Row) -> Row:
    """A work order record (one operation of a manufacturing order) as REST shows it."""
    return {
        **_common(work),
        "operation": f"{work['operation']} {work['resource'].split('-')[0]} {work['item']}",
        "delay": delay(None, None),
        "plan": {},
        "owner": work["owner"],
        "demand": None,
        "resources": [{"resource": work["resource"], "quantity": decimal(1), "setup": None}],
    }


def demand(order: Row) -> Row:
    """The sales side of an order; like the product's, it carries no lastmodified."""
    return {
        "name": order["reference"],
        "item": order["item"],
        "location": order["location"],
        "customer": order["customer"],
        "quantity": decimal(order["quantity"]),
        "due": naive(order["due"]),
        "priority": order["priority"],
        "status": "closed" if order["status"] == "closed" else "open",
    }


def _common(record: Row) -> Row:
    return {
        "reference": record["reference"],
        "status": _status(record),
        "quantity": decimal(record["quantity"]),
        "quantity_completed": decimal(record["completed"]),
        "startdate": naive(record["start"]),
        "enddate": naive(record["end"]),
        "batch": None,
        "criticality": decimal(0),
        "source": record["source"],
        "lastmodified": naive(record["lastmodified"]),
        "materials": [],
        "item": record["item"],
        "location": record["location"],
    }


def _status(record: Row) -> str:
    """What has no place in the plan yet is approved at most, whatever was asked."""
    unplaced = record["status"] == "confirmed" and record["start"] is None
    return "approved" if unplaced else str(record["status"])


def wrong_filters(query: Mapping[str, str]) -> dict[str, list[str]]:
    """Field errors of a query: known date filters whose value is no time."""
    errors: dict[str, list[str]] = {}
    for name, value in query.items():
        if name.partition("__")[0] in _DATES and not _is_moment(value):
            errors[name] = ["Enter a valid date/time."]
    return errors


def filtered(rows: Iterable[Row], query: Mapping[str, str]) -> list[Row]:
    """The rows that satisfy every known filter; unknown parameters are ignored, as the product does."""
    kept = list(rows)
    for name, value in query.items():
        field, _, how = name.partition("__")
        if field in _WORDS and how in ("", "in", "contains"):
            kept = [row for row in kept if _word_fits(row.get(field), how, value)]
        elif field in _DATES and how in _COMPARE:
            limit = moment_of(value)
            kept = [row for row in kept if row.get(field) and _COMPARE[how](moment_of(row[field]), limit)]
    return kept


def _word_fits(have: str | None, how: str, value: str) -> bool:
    if how == "in":
        return have in value.split(",")
    return value in (have or "") if how == "contains" else have == value


def _is_moment(text: str) -> bool:
    try:
        moment_of(text)
    except ValueError:
        return False
    return True
