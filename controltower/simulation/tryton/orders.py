"""Orders and purchases in a seeded Tryton: how to make them and how to move them one step on."""

import datetime as dt
from typing import Any

from controltower.simulation.tryton import catalogue
from controltower.simulation.tryton.company import Company, Row
from controltower.simulation.tryton.rpc import TrytonClient

# The next button for an order's state; running orders first finish their operations.
NEXT_BUTTON = {
    "request": "draft",
    "draft": "wait",
    "waiting": "assign_force",
    "assigned": "run",
    "running": "do",
}


def order_row(
    company: Company, plant: str, item: str, quantity: float, start: dt.date, finish: dt.date, reference: str
) -> Row:
    """A draft production order for `quantity` units of `item`, its parts and product as planned moves."""
    warehouse, product = company.warehouses[plant], company.products[item]
    return {
        "company": company.id,
        "warehouse": warehouse["id"],
        "location": warehouse["production_location"],
        "work_center": company.centers[plant],
        "product": product["id"],
        "unit": product["default_uom"],
        "quantity": quantity,
        "bom": company.boms[item],
        "routing": company.routings[item],
        "planned_start_date": start,
        "planned_date": finish,
        "reference": reference,
        "inputs": [["create", _inputs(company, warehouse, item, quantity)]],
        "outputs": [["create", [_output(company, warehouse, product, quantity)]]],
    }


def _inputs(company: Company, warehouse: Row, item: str, quantity: float) -> list[Row]:
    places = (warehouse["storage_location"], warehouse["production_location"])
    return [
        _move(company, company.products[code], round(each * quantity, 3), *places)
        for code, each in catalogue.BOMS[item].inputs
    ]


def _output(company: Company, warehouse: Row, product: Row, quantity: float) -> Row:
    places = (warehouse["production_location"], warehouse["storage_location"])
    price = {"unit_price": product["cost_price"], "currency": company.currency}
    return _move(company, product, quantity, *places) | price


def _move(company: Company, product: Row, quantity: float, origin: int, target: int) -> Row:
    return {
        "company": company.id,
        "product": product["id"],
        "unit": product["default_uom"],
        "quantity": quantity,
        "from_location": origin,
        "to_location": target,
    }


def move_on(client: TrytonClient, order: int) -> str:
    """Move one order a step forward (finishing its operations and its inspection where needed).

    Returns the state it is in afterwards. Raises TrytonRefusal when Tryton says no.
    """
    state = _state(client, order)
    if state == "running" and work_on(client, order):
        return state
    button = NEXT_BUTTON.get(state)
    if button and client.press("production", button, [order]) is not None:
        inspect(client, order)
        client.press("production", button, [order])
    return _state(client, order)


def _state(client: TrytonClient, order: int) -> str:
    return str(client.call("model.production.read", [order], ["state"])[0]["state"])


def work_on(client: TrytonClient, order: int) -> bool:
    """Start or stop the first unfinished operation; False when none is left."""
    domain = [["production", "=", order], ["state", "!=", "finished"]]
    works = client.search_read("production.work", domain, ["state"])
    if not works:
        return False
    button = "stop" if works[0]["state"] == "running" else "start"
    client.press("production.work", button, [works[0]["id"]])
    return True


def inspect(client: TrytonClient, order: int, accepted: bool = True, finish: bool = True) -> None:
    """Do the inspections that hold the order up, with the decision about its lot."""
    product = client.call("model.production.read", [order], ["product", "company"])[0]
    controls = client.search_read("quality.control", [["product", "=", product["product"]]], ["name"])
    rows: list[Row] = [
        {
            "control": control["id"],
            "origin": f"production,{order}",
            "points": {"accepted": accepted},
            "company": product["company"],
        }
        for control in controls
    ]
    inspections = client.create("quality.inspection", rows)
    if finish:
        client.press("quality.inspection", "process", inspections)


def purchase_row(
    company: Company, plant: str, supplier: str, lines: list[tuple[str, float]], delivery: dt.date
) -> Row:
    """A draft purchase of some items for one plant, wanted on `delivery`."""
    party = company.suppliers[supplier]
    return {
        "company": company.id,
        "currency": company.currency,
        "party": party["id"],
        "invoice_address": party["addresses"][0],
        "warehouse": company.warehouses[plant]["id"],
        "invoice_method": "manual",
        "purchase_date": dt.datetime.now(dt.UTC).date(),
        "lines": [["create", [_purchase_line(company, code, count, delivery) for code, count in lines]]],
    }


def _purchase_line(company: Company, code: str, quantity: float, delivery: dt.date) -> Row:
    product = company.products[code]
    return {
        "product": product["id"],
        "quantity": quantity,
        "unit": product["default_uom"],
        "unit_price": product["cost_price"],
        "delivery_date_edit": True,
        "delivery_date_store": delivery,
    }


def place_purchases(client: TrytonClient, purchases: list[int]) -> None:
    """Quote, confirm and process the purchases: their deliveries are expected from then on."""
    for button in ("quote", "confirm", "process"):
        client.press("purchase.purchase", button, purchases)


def receive_purchase(client: TrytonClient, purchase: int) -> None:
    """Book the whole delivery of one purchase into its warehouse by a supplier shipment."""
    zones = ["warehouse.input_location", "warehouse.storage_location"]
    fields = ["party", "company", "warehouse", "moves", *zones]
    found: dict[str, Any] = client.call("model.purchase.purchase.read", [purchase], fields)[0]
    row: Row = {
        "company": found["company"],
        "supplier": found["party"],
        "warehouse": found["warehouse"],
        "warehouse_input": found["warehouse."]["input_location"],
        "warehouse_storage": found["warehouse."]["storage_location"],
        "incoming_moves": [["add", found["moves"]]],
    }
    shipments = client.create("stock.shipment.in", [row])
    for button in ("receive", "do"):
        client.press("stock.shipment.in", button, shipments)


def reschedule(client: TrytonClient, order: int, days: int) -> None:
    """Move an order's planned start and finish by some days (open moves follow by themselves)."""
    found = client.call("model.production.read", [order], ["planned_start_date", "planned_date"])[0]
    shifted = {
        name: read_date(found[name]) + dt.timedelta(days=days)
        for name in ("planned_start_date", "planned_date")
        if found[name]
    }
    client.write("production", [order], shifted)


def change_quantity(client: TrytonClient, order: int, quantity: float) -> None:
    """Change an unreserved order's quantity and its planned moves in proportion, in one transaction."""
    found = client.call("model.production.read", [order], ["quantity", "inputs", "outputs"])[0]
    factor = quantity / found["quantity"]
    moves = client.search_read(
        "stock.move", [["id", "in", [*found["inputs"], *found["outputs"]]]], ["quantity"]
    )
    held = {move["id"]: round(move["quantity"] * factor, 3) for move in moves}
    values: Row = {"quantity": quantity}
    for side in ("inputs", "outputs"):
        values[side] = [["write", [move], {"quantity": held[move]}] for move in found[side]]
    client.write("production", [order], values)


def read_date(value: Any) -> dt.date:
    """A date out of Tryton's dialect."""
    return dt.date(value["year"], value["month"], value["day"])
