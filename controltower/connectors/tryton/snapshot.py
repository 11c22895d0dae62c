"""What each kind of Tryton record says, as canonical attributes."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from controltower.connectors.tryton.identity import PRODUCTION, PURCHASE
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.row import Row, need
from controltower.connectors.tryton.values import (
    day,
    difference,
    held,
    latest,
    moment,
    moments,
    named,
    past,
    quantity,
    refs,
    status,
    text,
    total,
    unit_of,
)
from controltower.domain.value import Value

# Where the order's material stands, by its state; in the others nothing is known of it.
_MATERIAL = {"waiting": "false", "assigned": "true", "running": "true", "done": "true"}


class Facts(NamedTuple):
    """What a record says and since when."""

    occurred_at: dt.datetime
    attributes: Mapping[str, Value]
    refs: dict[str, str]


def order(body: Row, places: Places, plant: str) -> Facts:
    """A production order. Tryton plans in whole days: a start is the day's first moment, a finish its last second."""
    record, outputs = need(body, "record", body.part("record")), list(body.parts("outputs"))
    state = need(record, "state", record.text("state"))
    item, unit, zone = named(record, "product.", "code"), unit_of(record, places), places.zone(plant)
    at = latest([record, *outputs])
    good = [row for row in outputs if named(row, "product.", "code") == item]
    attributes = {
        "status": status("order", state),
        "item": text(item),
        "quantity": quantity(record.number("quantity"), unit),
        "due_date": day(record, "planned_date", zone, end=True),
        "planned_start": day(record, "planned_start_date", zone),
        "actual_start": day(record, "effective_start_date", zone),
        "actual_end": past(day(record, "effective_date", zone, end=True), at) if state == "done" else None,
        "quantity_good": quantity(total(good, unit, places), unit),
        "bom_version": text(named(record, "bom.", "rec_name")),
        "routing_version": text(named(record, "routing.", "rec_name")),
        "material_available": text(_MATERIAL.get(state)),
        "value": quantity(record.number("cost"), _currency(record)),
    }
    names = refs(record, order=record.text("number"), item=item, reference=record.text("reference"))
    return Facts(at, held(attributes), names)


def operation(body: Row, places: Places, plant: str) -> Facts:
    """An operation. Tryton keeps no times of it: they are those at which its cycles were made and last changed."""
    record, cycles = need(body, "record", body.part("record")), list(body.parts("cycles"))
    production = need(record, PRODUCTION, record.part(PRODUCTION))
    state = need(record, "state", record.text("state"))
    begun = [row for row in cycles if row.text("state") != "cancelled"]
    ended = begun if state in ("finished", "done") else []
    attributes = {
        "status": status("operation", state),
        "resource": text(named(record, "work_center.", "name")),
        "actual_start": moment(min(moments(begun, "create_date"), default=None)),
        "actual_end": moment(max(moments(ended, "last_modified_at"), default=None)),
    }
    names = refs(record, order=production.text("number"), operation=named(record, "operation.", "name"))
    return Facts(latest([record, *cycles]), held(attributes), names)


def purchase(body: Row, places: Places, plant: str) -> Facts:
    """A purchase line: its status is that of the whole purchase, its receipts are its own."""
    record, receipts = need(body, "record", body.part("record")), list(body.parts("receipts"))
    bought = need(record, PURCHASE, record.part(PURCHASE))
    item, unit = named(record, "product.", "code"), unit_of(record, places)
    received = total(receipts, unit, places) if receipts else "0"
    attributes = {
        "status": status("purchase", _purchase_state(bought)),
        "item": text(item),
        "quantity": quantity(record.number("quantity"), unit),
        "promised_date": day(record, "delivery_date", places.zone(plant), end=True),
        "quantity_received": quantity(received, unit),
        "supplier": text(named(bought, "party.", "name")),
    }
    names = refs(record, purchase=bought.text("number"), item=item)
    return Facts(latest([record, bought, *receipts]), held(attributes), names)


def inspection(body: Row, places: Places, plant: str) -> Facts:
    """A quality inspection and the production order that it is of."""
    record, made = need(body, "record", body.part("record")), body.part("order")
    state = need(record, "state", record.text("state"))
    number = made.text("number") if made else None
    attributes = {
        "status": status("inspection", state),
        "result": text(state if state in ("passed", "failed") else None),
        "order": text(number),
    }
    names = refs(record, order=number, control=named(record, "control.", "name"))
    return Facts(latest([record]), held(attributes), names)


def stock(body: Row, places: Places, plant: str) -> Facts:
    """What a warehouse holds of an item and how much of that is reserved, `as_of` the newest move known by then."""
    product, free = need(body, "product", body.part("product")), need(body, "free", body.part("free"))
    unit = unit_of(product, places, "default_uom.")
    on_hand = need(product, "quantity", product.number("quantity"))
    available = need(free, "quantity", free.number("quantity"))
    attributes = {
        "on_hand": quantity(on_hand, unit),
        "reserved": quantity(difference(on_hand, available), unit),
    }
    as_of = need(body, "as_of", body.moment("as_of"))
    return Facts(as_of, held(attributes), refs(product, item=product.text("code")))


def _currency(record: Row) -> str:
    company = record.part("company.")
    return (named(company, "currency.", "code") if company else None) or ""


def _purchase_state(bought: Row) -> str:
    """The state, with the shipment's while it is processed: by itself that lasts for ever with invoices by hand."""
    state = need(bought, "state", bought.text("state"))
    if state != "processing":
        return str(state)
    return f"{state}/{need(bought, 'shipment_state', bought.text('shipment_state'))}"
