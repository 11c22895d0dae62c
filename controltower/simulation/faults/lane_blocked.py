"""One order's messages fail at a system that takes all others: what is about that order queues up."""

from __future__ import annotations

import re
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class LaneBlocked(Fault):
    """500 to all that is written about one order, because a record of it is damaged."""

    name = "lane-blocked"
    title = "One order blocked"
    what = "a system answers 500 to all that is written about one order; what comes after it waits behind it"
    number = "58"
    system = "mes-lyon"
    at_the_door = True
    causes = ("blocked-lane",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """A rush order, so that there is something to be written."""
        self.scene.rush_order(self._plant)

    @property
    def _plant(self) -> str:
        return {"mes-graz": "GRAZ", "mes-porto": "PORTO"}.get(self.params.system, "LYON")

    def trouble(self, call: Call) -> Trouble | None:
        """500 about the one order."""
        found = re.search(r"/order/(MO-\d+)", call.text)
        if not call.writes or found is None:
            return None
        order = found[1]
        if not self.hits_on(order) and self.wants(call.system, order, order):
            what = f"{call.system} fails with whatever is written about {order}"
            subjects = [f"{self._plant}/order/{order}"]
            self.hit(
                call.system, subjects, what, "mend its record; the rest goes by itself", {"order": order}
            )
        mine = call.system == self.params.system and self.hits_on(order)
        return Trouble(500, "Internal error in table JOB_HEADER") if mine else None
