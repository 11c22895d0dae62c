"""The ERP's own JSON: German-flavoured field names, text quantities, status codes, a version per row."""

from __future__ import annotations

from typing import Any

from controltower.simulation.timekeeper import iso

Row = dict[str, Any]
# What the scheduler has told of its plan; nothing before it is told.
NO_PLAN = {"PlanSts": None, "PlanStart": None, "PlanEnd": None}


def order_row(order: Row) -> Row:
    """An order record as the ERP shows it in lists and webhooks."""
    return {
        "OrderNo": order["order"],
        "Werk": order["plant"],
        "Matnr": order["item"],
        "OrderQty": f"{order['quantity']:.3f}",
        "Uom": "EA",
        "DueDate": iso(order["due"], milliseconds=False),
        "PromiseDate": iso(order["promise"], milliseconds=False),
        "Prio": order["priority"],
        "Sts": order["status"],
        "BomVer": order["bom"],
        "RtgVer": order["routing"],
        "Cust": order["customer"],
        "ExtRef": order.get("reference"),
        "ParentNo": order.get("parent"),
        "OrderValue": f"{order['quantity'] * order['price']:.2f}",
        "Curr": "EUR",
        "ConfYield": f"{order['good']:.3f}",
        "ConfScrap": f"{order['scrap']:.3f}",
        **NO_PLAN,
        **order.get("plan", {}),
        "CreatedAt": iso(order["created"]),
        "ChangedAt": iso(order["changed"]),
        "Ver": order["version"],
    }


def stock_row(stock: Row) -> Row:
    """A stock record as the ERP shows it."""
    return {
        "Matnr": stock["item"],
        "Werk": stock["plant"],
        "Lgort": stock["location"],
        "Qty": f"{stock['on_hand']:.3f}",
        "ResQty": f"{stock['reserved']:.3f}",
        "Uom": "EA",
        "ChangedAt": iso(stock["changed"]),
        "Ver": stock["version"],
    }
