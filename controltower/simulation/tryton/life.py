"""Plays the people who work in the seeded Tryton: one small change at a time, picked by a seeded chance."""

import datetime as dt
import random

from controltower.simulation.tryton.company import Company
from controltower.simulation.tryton.orders import (
    change_quantity,
    move_on,
    place_purchases,
    receive_purchase,
    reschedule,
)
from controltower.simulation.tryton.rpc import TrytonClient, TrytonRefusal
from controltower.simulation.tryton.seed import random_order, random_purchase

OPEN = ["draft", "waiting", "assigned", "running"]
# How often each thing is done, out of a hundred.
HABITS = {
    "move_on": 60,
    "reschedule": 15,
    "new_order": 10,
    "change_quantity": 5,
    "cancel": 3,
    "receive": 4,
    "buy": 3,
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

    def _move_on(self) -> str:
        order = self._pick("production", [["state", "in", OPEN]])
        return self._new_order() if order is None else f"order {order} is now {move_on(self._client, order)}"

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
