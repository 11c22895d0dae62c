"""A system refuses a few messages, and nobody looks at what is dead."""

from __future__ import annotations

import re
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class DeadLettersUnread(Fault):
    """One order's staging is refused for want of a master record; the dead letter lies there for hours."""

    name = "dead-letters-unread"
    title = "Dead letters unread"
    what = "a warehouse refuses an order's staging request, and for hours nobody looks at the dead letter"
    number = "70"
    system = "wms-north"
    causes = ("dead-letters-unread",)
    verb = "resubmit"
    cure = "owner then action"
    # Without its material the order stands still.
    reaches = ("mes-lyon", "mes-graz")
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """A rush order, so that something is to be staged."""
        self.scene.rush_order("LYON")

    def trouble(self, call: Call) -> Trouble | None:
        """The refusal of one order's staging."""
        found = re.search(r"MO-\d+", call.text)
        if not call.writes or found is None:
            return None
        order = found[0]
        if not self.hits_on(order) and self.wants(call.system, order, order):
            plant = next((each["plant"] for each in self.scene.live_orders() if each["order"] == order), "")
            what = f"{call.system} refuses the staging of {order}, and nobody looks"
            self.hit(
                call.system,
                [f"{plant}/order/{order}"],
                what,
                "mend the master record, send it again",
                {"order": order},
            )
        return Trouble(422, "No picking zone is assigned") if self.hits_on(order) else None

    def is_good(self, hit: Body) -> bool | None:
        """Whether the warehouse has the staging request by now."""
        picks = self.scene.records(hit["system"], "pick")
        return any(each["order"] == hit["held"]["order"] for each in picks)
