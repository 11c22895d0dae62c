"""Two warehouse dialects: an InvenTree-like list (floats, stamps in minutes) and native webhooks of the south."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from controltower.simulation.dialects.cloudevents import local_iso
from controltower.simulation.landscape import PLANTS

Row = dict[str, Any]
_NORTH = ZoneInfo("Europe/Paris")
_PARTS = [item for plant in PLANTS.values() for item in (*plant.items, *plant.components)]


def minutes(moment: float) -> str:
    """Virtual unix seconds the InvenTree way: Paris time in minutes, a blank instead of T."""
    return datetime.fromtimestamp(moment, _NORTH).strftime("%Y-%m-%d %H:%M")


def north_stock(stock: Row) -> Row:
    """A stock item of wms-north."""
    place = {"name": stock["location"], "pathstring": f"{stock['plant']}/{stock['location']}"}
    return {
        "pk": stock["pk"],
        "part": _PARTS.index(stock["item"]) + 1,
        "part_detail": {"IPN": stock["item"]},
        "location": list(PLANTS).index(stock["plant"]) + 1,
        "location_detail": place,
        "quantity": float(stock["on_hand"]),
        "allocated": float(stock["reserved"]),
        "batch": None,
        "status": 10,
        "status_text": "OK",
        "units": "EA",
        "updated": minutes(stock["changed"]),
    }


def north_pick(pick: Row) -> Row:
    """A staging task of wms-north."""
    return {
        "pk": pick["pk"],
        "reference": f"PK-{pick['order']}",
        "order_reference": pick["order"],
        "site": pick["plant"],
        "status": 40 if pick["complete"] else 10,
        "status_text": "Complete" if pick["complete"] else "Pending",
        "material_available": pick["complete"],
        "notes": pick.get("notes", ""),
        "updated": minutes(pick["changed"]),
    }


def north_shipment(shipment: Row) -> Row:
    """A shipment of wms-north."""
    return {
        "pk": shipment["pk"],
        "reference": shipment["note"],
        "order_reference": shipment["order"],
        "site": shipment["plant"],
        "part_detail": {"IPN": shipment["item"]},
        "quantity": float(shipment["quantity"]),
        "units": "EA",
        "status": 20 if shipment["shipped"] else 10,
        "status_text": "Shipped" if shipment["shipped"] else "Pending",
        "shipment_date": minutes(shipment["changed"]) if shipment["shipped"] else None,
        "updated": minutes(shipment["changed"]),
    }


def south_row(kind: str, record: Row) -> Row:
    """A record of wms-south as its lists show it: like a webhook, with an id that stays until it changes."""
    made = south_message(0, kind, record)
    return {**made, "messageId": f"{record['pk']}-{record['changed']:.3f}"}


def south_message(number: int, kind: str, record: Row) -> Row:
    """A webhook body of wms-south about a stock, pick or shipment record."""
    part = kind.split(".")[0]
    shape = {"stock": _south_stock, "pick": _south_pick, "shipment": _south_shipment}[part]
    return {
        "messageId": f"wms-south-{number}",
        "event": kind,
        "occurredAt": local_iso(record["changed"], PLANTS[record["plant"]].zone),
        "site": record["plant"],
        part: shape(record),
    }


def _south_stock(stock: Row) -> Row:
    return {
        "sku": stock["item"],
        "bin": stock["location"],
        "onHand": stock["on_hand"],
        "reserved": stock["reserved"],
        "uom": "EA",
    }


def _south_pick(pick: Row) -> Row:
    return {"order": pick["order"], "complete": pick["complete"]}


def _south_shipment(shipment: Row) -> Row:
    return {
        "note": shipment["note"],
        "order": shipment["order"],
        "sku": shipment["item"],
        "qty": shipment["quantity"],
        "uom": "EA",
        "state": "DISPATCHED",
    }
