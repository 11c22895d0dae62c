"""Plays the people who plan and buy in the seeded Tryton: one small change at a time, picked by a seeded chance.

What is made is not theirs: the plants' MES run the orders, and the bridge books it.
"""

import datetime as dt
import random

from controltower.simulation.tryton.company import Company
from controltower.simulation.tryton.orders import (
    NEXT_BUTTON,
    change_quantity,
    place_purchases,
    receive_purchase,
    reschedule,
)
from controltower.simulation.tryton.rpc import TrytonClient, TrytonRefusal
from controltower.simulation.tryton.seed import random_order, random_purchase

OPEN = ["draft", "waiting", "assigned", "running"]
MOST_OPEN = 30  # orders; the plants make some ten in an hour
# How often each thing is done, out of a hundred.
HABITS = {
    "release": 30,
    "reschedule": 20,
    "new_order": 20,
    "change_quantity": 10,
    "cancel": 2,
    "receive": 10,
    "buy": 8,
}


class Life:
    """Makes one change in Tryton at each step, and says in words what it did."""

    def __init__(self, client: TrytonClient, company: Company, seed: int) -> None:
        self._client = client
        self._company = company
        self._chance = random.Random(seed)

    def step(self) -> str:
        """Do one thing; a refusal by Tryton is an answer too, for people meet them as well."""
        habit = self._chance.choices(list(HABITS), list(HABITS.values()))[0]
        try:
            return str(getattr(self, f"_{habit}")())
        except TrytonRefusal as refusal:
            return f"{habit} refused: {refusal.details}"

    def _pick(self, model: str, domain: list[object]) -> int | None:
        found = self._client.search_read(model, domain, ["id"])
        return int(self._chance.choice(found)["id"]) if found else None

    def _release(self) -> str:
        order = self._pick("production", [["state", "=", "draft"]])
        if order is None:
            return self._new_order()
        self._client.press("production", NEXT_BUTTON["draft"], [order])
        return f"order {order} released"

    def _reschedule(self) -> str:
        order, days = (
            self._pick("production", [["state", "in", OPEN]]),
            self._chance.choice((-2, -1, 1, 2, 5)),
        )
        if order is None:
            return self._new_order()
        reschedule(self._client, order, days)
        return f"order {order} moved by {days} days"

    def _new_order(self) -> str:
        if self._client.call("model.production.search_count", [["state", "in", OPEN]], 0, None) >= MOST_OPEN:
            return "enough orders are open"
        count = self._client.call("model.production.search_count", [], 0, None)
        row = random_order(self._company, self._chance, dt.datetime.now(dt.UTC).date(), count + 1)
        return f"new order {self._client.create('production', [row])[0]}"

    def _change_quantity(self) -> str:
        order = self._pick("production", [["state", "in", ["draft", "waiting"]]])
        if order is None:
            return self._new_order()
        quantity = float(5 * self._chance.randint(1, 12))
        change_quantity(self._client, order, quantity)
        return f"order {order} is now for {quantity:g}"

    def _cancel(self) -> str:
        order = self._pick("production", [["state", "in", ["draft", "waiting"]]])
        self._client.press("production", "cancel", [order] if order else [])
        return f"order {order} cancelled"

    def _receive(self) -> str:
        purchase = self._pick("purchase.purchase", [["shipment_state", "=", "waiting"]])
        if purchase is None:
            return self._buy()
        receive_purchase(self._client, purchase)
        return f"purchase {purchase} received"

    def _buy(self) -> str:
        today, place = dt.datetime.now(dt.UTC).date(), self._chance.randint(0, 2)
        row = random_purchase(self._company, self._chance, today, place)
        purchases = self._client.create("purchase.purchase", [row])
        place_purchases(self._client, purchases)
        return f"new purchase {purchases[0]}"
