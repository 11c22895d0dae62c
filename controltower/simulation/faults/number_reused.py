"""A number range begins anew: a new order takes the number, and the row, of an old one."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import strike, subject


class NumberReused(Fault):
    """The new order merges into the old one wherever that is still known."""

    name = "number-reused"
    title = "Order number used again"
    what = "an order for another item is entered under the number of one that is closed; elsewhere the old one lives on"
    number = "17"
    system = "erp-hq"
    causes = ("id-reuse",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """The youngest closed order loses its number."""
        strike(self, self.scene.system("erp-hq").desk.closed_orders(), self._take)

    def _take(self, order: Body) -> None:
        desk = self.scene.system("erp-hq").desk
        what = (
            f"{order['order']}, closed and of {order['item']}, is the number of a new order for another item"
        )
        held = {"order": order["order"], "old": order}
        self.hit("erp-hq", [subject(order)], what, "give the new order a number of its own", held)
        desk.reuse_number(order["order"])

    def is_good(self, hit: Body) -> bool | None:
        """Whether the number means the old item again."""
        held = hit["held"]
        now = self.scene.system("erp-hq").desk.order(held["order"])
        return bool(now["item"] == held["old"]["item"])

    def mend(self, hit: Body) -> None:
        """The old order has its number back, the new one gets its own."""
        self.scene.system("erp-hq").desk.restore(hit["held"]["old"])
