"""An order was changed by somebody else between our reading and our writing."""

from __future__ import annotations

import re
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble

_ORDER = re.compile(r"/api/orders/([^/?\s]+)")


class VersionConflict(Fault):
    """412 to one message, because its reader was overtaken; the next try finds nobody in its way."""

    name = "version-conflict"
    title = "Optimistic lock"
    what = "the ERP answers 412 to one message: the order was changed since it was read"
    number = "48"
    system = "erp-hq"
    causes = ("conflict",)
    verb = "resubmit"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """A rush order, so that the scheduler has a plan to tell of."""
        self.scene.rush_order("PORTO")

    def trouble(self, call: Call) -> Trouble | None:
        """The refusal, once."""
        found = _ORDER.search(call.text)
        if not call.writes or found is None or not self.wants(call.system, found[1], found[1]):
            return None
        order = found[1]
        plant = next((each["plant"] for each in self.scene.live_orders() if each["order"] == order), "")
        what = f"{call.system} answered 412 to what was written about {order}"
        self.hit(call.system, [f"{plant}/order/{order}"], what, "read it again, then write", {"order": order})
        return Trouble(412, f"Order {order} was changed since you have read it")

    def is_good(self, hit: Body) -> bool | None:
        """Whether the ERP holds a plan of the order by now."""
        order = self.scene.system(hit["system"]).db.get("order", hit["held"]["order"])
        return bool(order and order.get("plan", {}).get("PlanSts"))
