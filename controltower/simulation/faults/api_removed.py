"""After an upgrade a list is not there any more."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class ApiRemoved(Fault):
    """410 to whatever is asked of the old interface."""

    name = "api-removed"
    title = "Interface removed"
    what = "after an upgrade a system answers 410 to what the tower reads and writes: use the next version"
    number = "61"
    system = "procurement"
    at_the_door = True
    causes = ("api-removed",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0}

    def begin(self) -> None:
        """At once."""
        self.stand("has taken its old interface away", "move the mapping to the new one")

    def trouble(self, call: Call) -> Trouble | None:
        """410, whatever is asked."""
        return Trouble(410, "v1 was removed with release 12, use v2") if self.troubles(call, "") else None
