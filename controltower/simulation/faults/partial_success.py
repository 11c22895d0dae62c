"""A system answers 200, and inside that it has not done what it was asked."""

from __future__ import annotations

import json
import re
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble

_ORDER = re.compile(r"/api/orders/([^/?\s]+)")


class PartialSuccess(Fault):
    """The plan of an order is not saved, though the status is good: the reason stands among the answer's messages."""

    name = "partial-success"
    title = "Accepted with an error inside"
    what = "the ERP answers 200 with a message of type E, and has not saved the plan that it was sent"
    number = "39"
    system = "erp-hq"
    causes = ("partial-success",)
    verb = "resubmit"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """A rush order, so that the scheduler has a plan to tell of."""
        self.scene.rush_order("LYON")

    def trouble(self, call: Call) -> Trouble | None:
        """The answer to a plan, once for each message."""
        found = _ORDER.search(call.text)
        if not call.writes or found is None or "PlanSts" not in call.text:
            return None
        order = found[1]
        struck = self.state.setdefault("struck", [])
        if call.text in struck or not self.wants(call.system, order, order):
            return None
        struck.append(call.text)
        self._strike(call, order)
        words = f"Plan of order {order} was not saved: the order is being costed"
        return Trouble(200, answer={"OrderNo": order, "Messages": [{"Type": "E", "Id": "CO", "Text": words}]})

    def _strike(self, call: Call, order: str) -> None:
        plant = next((each["plant"] for each in self.scene.live_orders() if each["order"] == order), "")
        sent = json.loads(call.text.partition("\n")[2])
        held = {"order": order, "end": sent.get("PlanEnd")}
        what = f"{call.system} answered 200 to the plan of {order} and did not save it"
        self.hit(call.system, [f"{plant}/order/{order}"], what, "send the plan again", held)

    def is_good(self, hit: Body) -> bool | None:
        """Whether the ERP holds a plan of the order by now."""
        order = self.scene.system(hit["system"]).db.get("order", hit["held"]["order"])
        return bool(order and order.get("plan", {}).get("PlanSts"))
