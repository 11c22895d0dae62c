"""What a new order looks like in the simulated ERP."""

from __future__ import annotations

from random import Random

from controltower.simulation.database import Body
from controltower.simulation.landscape import PLANTS


def new_order(number: int, plant: str, now: float, chance: Random) -> Body:
    """A draft order due half a day to three days from now (whole hours), promised half a day later."""
    due = (now // 3600 + chance.randint(12, 72)) * 3600.0
    made = _drawn(number, plant, now, due, chance)
    return {**made, "reference": reference_of(made)}


def reference_of(order: Body) -> str:
    """The customer's own number of what was ordered."""
    return f"{order['customer']}/{order['order'][3:]}"


def _drawn(number: int, plant: str, now: float, due: float, chance: Random) -> Body:
    return {
        "order": f"MO-{number}",
        "plant": plant,
        "item": chance.choice(PLANTS[plant].items),
        "quantity": 10 * chance.randint(4, 16),
        "due": due,
        "promise": due + 12 * 3600.0,
        "priority": chance.randint(1, 5),
        "status": "CRTD",
        "bom": f"B0{chance.randint(1, 4)}",
        "routing": f"R0{chance.randint(1, 3)}",
        "parent": None,
        "customer": f"C-{chance.randint(1001, 1012)}",
        "price": float(chance.randint(40, 180)),
        "good": 0,
        "scrap": 0,
        "final": False,
        "accepted": False,
        "created": now,
        "changed": now,
        "version": 0,
    }
