"""Rows of frePPLe's order lists to snapshots of orders and operations."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from controltower.connectors.contract import UNMAPPED, Envelope, Fault, Notice, Translation
from controltower.connectors.frepple.manifest import MANIFEST
from controltower.connectors.frepple.operationplan import (
    PROPOSED,
    OperationPlan,
    decode_name,
    decode_row,
    unknown_fields,
)
from controltower.connectors.raw import raw_records
from controltower.connectors.reading import decode, name_fault, place_of, pointer, refuse, told
from controltower.domain.event import Event, content_id
from controltower.domain.landscape import System
from controltower.domain.subject import Subject
from controltower.domain.value import (
    Value,
    flag_value,
    odd_hour,
    quantity_value,
    read_decimal,
    read_time,
    status_value,
    time_value,
    write_decimal,
)

ORDERS, OPERATIONS = "manufacturingorder", "workorder"
_NUL_ESCAPE = b"\\u0000"
_TIMES = ("lastmodified", "startdate", "enddate", "due")


class Site(NamedTuple):
    """What a row does not say by itself: whose it is, the zone of its times, its unit, the plants of its locations."""

    system: System
    unit: str
    plants: dict[str, str]

    @property
    def zone(self) -> ZoneInfo:
        return self.system.zone


class Odd(Exception):
    """A fault at one field of a row."""

    def __init__(self, field: str, message: str, code: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.code = code


def translate(site: Site, envelope: Envelope) -> Translation:
    """The snapshots in a message of changed rows. Raises InvalidMessage."""
    if envelope.resource not in (ORDERS, OPERATIONS):
        raise refuse(f"no list {envelope.resource[:80]!r} is known")
    events: list[Event] = []
    faults: list[Fault] = []
    notices: list[Notice] = []
    for element, raw in enumerate(decode(raw_records, envelope.body)):
        try:
            row = _row(raw)
            notices += _notices(site, row, raw, element)
            if row.status != PROPOSED:
                events.append(_event(site, envelope, element, row, raw))
        except Odd as odd:
            about = _name_of(envelope.resource, raw)
            faults.append(Fault(element, f"/{element}{odd.field}", str(odd), odd.code, about))
    return Translation(events, faults, notices)


def _row(raw: bytes) -> OperationPlan:
    if _NUL_ESCAPE in raw:
        raise Odd("", "holds a NUL character")
    try:
        row: OperationPlan = decode_row(raw)
        return row
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Odd(*place_of(error)) from None


def _name_of(resource: str, raw: bytes) -> str:
    """`<kind>/<key>` of a row that cannot be used, for an order; "" where that cannot be read."""
    try:
        reference = decode_name(raw).reference
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return f"order/{reference}" if resource == ORDERS and not name_fault(reference) else ""


def _notices(site: Site, row: OperationPlan, raw: bytes, element: int) -> list[Notice]:
    found = [
        Notice("unknown-field", f"/{element}{pointer(name)}", f"field {name!r} is not known", element)
        for name in unknown_fields(raw)
    ]
    if row.status not in MANIFEST.statuses["order"] and row.status not in MANIFEST.unmapped:
        message = f"status {row.status[:40]!r} is not mapped"
        found.append(Notice("unknown-status", f"/{element}/status", message, element))
    return found + list(_odd_hours(site, row, element))


def _odd_hours(site: Site, row: OperationPlan, element: int) -> Iterator[Notice]:
    """Its times name no zone: in the night of a clock change an hour is missing or comes twice."""
    for name in _TIMES:
        text = getattr(row, name)
        try:
            odd = odd_hour(text, site.zone) if text else ""
        except ValueError:
            continue  # told where it is read
        if odd:
            yield Notice("dst-hour", f"/{element}/{name}", f"{row.reference}: {name} {odd}", element)


def _event(site: Site, envelope: Envelope, element: int, row: OperationPlan, raw: bytes) -> Event:
    subject = subject_of(site, envelope.resource, row)
    try:
        occurred_at = read_time(row.lastmodified, site.zone)
    except ValueError as error:
        raise Odd("/lastmodified", told(error)) from None
    return Event(
        f"{subject.kind}.snapshot",
        subject,
        site.system.id,
        # A row may come to hold again what it held before: that is a new fact, at another time of asking.
        content_id(envelope.resource, envelope.received_at.isoformat(), raw),
        occurred_at,
        row.lastmodified,
        _attributes(site, subject.kind, row),
        _refs(envelope.resource, row),
        None,
        element,
        row.owner or row.reference if envelope.resource == OPERATIONS else row.reference,
    )


def subject_of(site: Site, resource: str, row: OperationPlan) -> Subject:
    """What a row is about: an order, or an operation of its owner. Raises Odd."""
    plant = site.plants.get(row.location or "", row.location or "")
    if not site.system.serves(plant):
        raise Odd("/location", f"{site.system.id} does not serve plant {plant[:40]!r}", UNMAPPED)
    if fault := name_fault(row.reference):
        raise Odd("/reference", fault)
    if resource == ORDERS:
        return Subject(plant, f"order/{row.reference}")
    if not row.owner or (fault := name_fault(row.owner)):
        raise Odd("/owner", "a work order needs the reference of its manufacturing order")
    return Subject(plant, f"operation/{row.owner}/{_operation_number(row)}")


def _operation_number(row: OperationPlan) -> str:
    """`MO-1001-10` of owner `MO-1001` is operation 10; a reference that does not begin so stands for itself."""
    own = row.reference.removeprefix(f"{row.owner}-")
    return own or row.reference


def _attributes(site: Site, kind: str, row: OperationPlan) -> dict[str, Value]:
    mapped = MANIFEST.statuses[kind].get(row.status, "unknown")
    found = {
        "status": status_value(kind, mapped, row.status),
        "planned_start": _time(site, "startdate", row.startdate),
        "planned_end": _time(site, "enddate", row.enddate),
        "quantity_good": _quantity(site, "quantity_completed", row.quantity_completed),
    }
    if kind == "operation":
        found["resource"] = Value(row.resources[0].resource) if row.resources else None
    else:
        found["item"] = Value(row.item) if row.item else None
        found["quantity"] = _quantity(site, "quantity", row.quantity)
        found["due_date"] = _time(site, "due", row.due)
        found["priority"] = _priority(row.priority)
        found |= _against(site, row)
    return {name: value for name, value in found.items() if value is not None}


def _against(site: Site, row: OperationPlan) -> dict[str, Value | None]:
    """What the scheduler says against its own plan of an order."""
    return {
        "feasible": flag_value(row.feasible) if row.feasible is not None else None,
        "constraint": Value(row.constraint) if row.constraint else None,
        "short_item": Value(row.short_item) if row.short_item else None,
        "short_quantity": _quantity(site, "short_quantity", row.short_quantity),
    }


def _refs(resource: str, row: OperationPlan) -> dict[str, str]:
    order = row.owner if resource == OPERATIONS else row.reference
    given = {"native_id": row.reference, "order": order, "item": row.item, "schedule": row.revision}
    return {name: text for name, text in given.items() if text}


def _time(site: Site, field: str, text: str | None) -> Value | None:
    try:
        return time_value(text, site.zone) if text else None
    except ValueError as error:
        raise Odd(f"/{field}", told(error)) from None


def _quantity(site: Site, field: str, number: Any) -> Value | None:
    try:
        return quantity_value(str(number), site.unit) if number is not None else None
    except ValueError as error:
        raise Odd(f"/{field}", told(error)) from None


def _priority(number: Any) -> Value | None:
    try:
        return Value(write_decimal(read_decimal(str(number)))) if number is not None else None
    except ValueError as error:
        raise Odd("/priority", told(error)) from None
