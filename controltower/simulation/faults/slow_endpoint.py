"""A system is worn out: it does all that it is asked, many times slower than usual."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class SlowEndpoint(Fault):
    """Every answer to the tower takes `seconds` (real ones) longer."""

    name = "slow-endpoint"
    title = "Slow endpoint"
    what = "a system takes many times its usual time for every answer to the tower; nothing fails yet"
    number = "55"
    system = "procurement"
    at_the_door = True
    causes = ("slow-endpoint",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0, "seconds": 0.5}

    def begin(self) -> None:
        """At once."""
        self.stand(
            "answers many times slower than usual", "find what wears it out; keep few requests on the wire"
        )

    def trouble(self, call: Call) -> Trouble | None:
        """A late answer."""
        return Trouble(slow=self.asked("seconds")) if self.troubles(call, "") else None
