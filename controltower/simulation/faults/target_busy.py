"""A system is overloaded."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class TargetBusy(Fault):
    """Answers writes with 429 and 500 by turns, but for some that get through."""

    name = "target-busy"
    title = "System overloaded"
    what = "a system answers 429 with Retry-After and 500 by turns; a few messages get through"
    number = "53"
    system = "erp-hq"
    at_the_door = True
    causes = ("throttled", "server-errors")
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "rate": 0.7, "retry_after": 1.0}

    def begin(self) -> None:
        """At once."""
        self.stand("answers 429 and 500 by turns", "nothing to do: what it did not take is sent again")

    def trouble(self, call: Call) -> Trouble | None:
        """By turns."""
        turn = self.state["calls"] = self.state.get("calls", 0) + call.writes
        if not call.writes or not self.troubles(call, str(turn)):
            return None
        if turn % 2:
            return Trouble(429, "Too many requests", int(self.asked("retry_after")))
        return Trouble(500, "Internal server error")
