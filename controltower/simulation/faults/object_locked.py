"""Somebody has an order open, so that nobody else may write it."""

from __future__ import annotations

import re
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble

_ORDER = re.compile(r"/api/orders/([^/?\s]+)")


class ObjectLocked(Fault):
    """423 to all that is written about one order, until its holder lets go."""

    name = "object-locked"
    title = "Object locked"
    what = "somebody has an order open in the ERP: all that is written about it is answered 423"
    number = "47"
    system = "erp-hq"
    causes = ("locked",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 40.0}

    def begin(self) -> None:
        """A rush order, so that the scheduler has something to write."""
        self.scene.rush_order("GRAZ")

    def trouble(self, call: Call) -> Trouble | None:
        """423 about the one order."""
        found = _ORDER.search(call.text)
        if not call.writes or found is None:
            return None
        order = found[1]
        if (
            call.system == self.params.system
            and not self.hits_on(order)
            and self.wants(call.system, order, order)
        ):
            plant = next((each["plant"] for each in self.scene.live_orders() if each["order"] == order), "")
            what = f"{order} is open in {call.system}: nobody else may write it"
            self.hit(
                call.system, [f"{plant}/order/{order}"], what, "have its holder let go", {"order": order}
            )
        return Trouble(423, f"Order {order} is locked by user MEIER") if self.hits_on(order) else None
