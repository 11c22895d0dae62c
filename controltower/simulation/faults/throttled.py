"""A system finds that it is asked too often."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class Throttled(Fault):
    """429 with Retry-After to reads and writes alike."""

    name = "throttled"
    title = "Throttled"
    what = (
        "a system answers 429 with Retry-After to all that the tower reads and writes: its quota is used up"
    )
    number = "53"
    system = "procurement"
    at_the_door = True
    causes = ("throttled",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "retry_after": 2.0}

    def begin(self) -> None:
        """At once."""
        self.stand("answers 429 to everything", "ask it more seldom, or have the quota raised")

    def trouble(self, call: Call) -> Trouble | None:
        """429, whatever is asked."""
        if not self.troubles(call, ""):
            return None
        return Trouble(429, "Quota exceeded", int(self.asked("retry_after")))
