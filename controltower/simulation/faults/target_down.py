"""A system takes no connection at all."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class TargetDown(Fault):
    """Shuts the system's door: nothing reaches it, neither the tower's messages and polls nor its neighbours'."""

    name = "target-down"
    title = "System down"
    what = "a system takes no connection: nothing can be sent to it or read from it"
    number = "54"
    system = "aps-hq"
    at_the_door = True
    causes = ("target-down",)
    reaches = ("erp-hq", "mes-lyon", "mes-graz", "mes-porto")
    defaults: ClassVar[Body] = {"count": 1, "duration": 10.0}

    def begin(self) -> None:
        """At once."""
        self.stand("takes no connection", "start it again; what could not be sent is sent then")

    def shuts(self, system_id: str) -> bool:
        """Whether this is the system that is down."""
        return system_id == self.params.system and self.holds
