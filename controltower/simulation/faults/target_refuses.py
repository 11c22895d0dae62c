"""A system refuses what the tower writes, with a reason."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble

WORDS = "The work centre is locked for maintenance, no order can be changed"


class TargetRefuses(Fault):
    """Answers 422 to writes: to all, to those about one order, or to a share of them."""

    name = "target-refuses"
    title = "System refuses messages"
    what = "a system answers 422 with a reason to what the tower writes (all of it, one order's, or a share)"
    number = "46"
    system = "mes-porto"
    at_the_door = True
    causes = ("rejected",)
    verb = "resubmit"
    cure = "owner then action"
    reaches = ("aps-hq", "erp-hq", "wms-south")
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """At once."""
        self.stand("refuses what it is sent", "have it take them again, then resubmit what it refused")

    def trouble(self, call: Call) -> Trouble | None:
        """A refusal; the same message is refused each time."""
        if call.writes and self.troubles(call, call.text):
            return Trouble(422, WORDS)
        return None
