"""What planners hold of orders in Tryton, and the changes that they make by hand."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from controltower.simulation.landscape import PLANTS
from controltower.simulation.tryton.orders import change_quantity, read_date
from controltower.simulation.tryton.rpc import TrytonClient

LIVE = ("waiting", "assigned", "running")
UNRESERVED = ("draft", "waiting")
DAY_END = dt.time(23, 59, 59)
_FIELDS = [
    "number",
    "state",
    "quantity",
    "planned_date",
    "product.code",
    "warehouse.code",
    "outputs.state",
    "outputs.quantity",
]


class NotPossible(Exception):
    """A change that cannot be made, in words for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One numbered order; `due` is the last second of its planned day in its plant, in unix seconds. `good`: what has
    been received of it."""

    id: int
    number: str
    state: str
    plant: str
    item: str
    quantity: float
    due: float
    good: float


def read_orders(client: TrytonClient, also: list[int]) -> list[Planned]:
    """The numbered orders that wait or run, and those among the ids `also`, whatever has become of them."""
    wanted = ["OR", [["state", "in", list(LIVE)]], [["id", "in", also]]]
    rows = client.search_read("production", [["number", "!=", None], wanted], _FIELDS)
    return [_planned(row) for row in rows if row["planned_date"] and row["warehouse."]["code"] in PLANTS]


def _planned(row: dict[str, Any]) -> Planned:
    plant = row["warehouse."]["code"]
    due = dt.datetime.combine(read_date(row["planned_date"]), DAY_END, ZoneInfo(PLANTS[plant].zone))
    return Planned(
        row["id"],
        row["number"],
        row["state"],
        plant,
        row["product."]["code"],
        row["quantity"],
        due.timestamp(),
        sum(each["quantity"] for each in row["outputs."] if each["state"] == "done"),
    )


def change(client: TrytonClient, number: str, due: dt.date | None, quantity: float | None) -> str:
    """Give an order another due date, quantity or both, as a planner does by hand; returns what was done in words.

    Raises NotPossible for an order that is not there or can no longer be changed, TrytonRefusal.
    """
    found = client.search_read(
        "production", [["number", "=", number]], ["state", "planned_date", "planned_start_date", "quantity"]
    )
    if not found:
        raise NotPossible(f"Tryton holds no order {number}")
    order, said = found[0], []
    if order["state"] in ("done", "cancelled"):
        raise NotPossible(f"{number} is {order['state']}: it can no longer be changed")
    if quantity is not None and order["state"] not in UNRESERVED:
        raise NotPossible(f"{number} is {order['state']}: its material is reserved, its quantity stands")
    if due is not None:
        start = order["planned_start_date"]
        earlier = {"planned_start_date": due} if start and read_date(start) > due else {}
        client.write("production", [order["id"]], {"planned_date": due, **earlier})
        said.append(f"due {_day(order['planned_date'])} -> {due}")
    if quantity is not None:
        change_quantity(client, order["id"], quantity)
        said.append(f"quantity {order['quantity']:g} -> {quantity:g}")
    return f"{number}: {', '.join(said) or 'nothing was asked for'}"


def _day(held: object) -> str:
    return str(read_date(held)) if held else "none"
