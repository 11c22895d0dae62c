"""One system is down while orders pour in: each of them misses something, and all for one cause."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS


class AlarmFlood(Fault):
    """Shuts the scheduler's door for hours, and has a rush order released in each plant minute by minute."""

    name = "alarm-flood"
    title = "Alarm flood"
    what = "the scheduler is down for long while many orders are released: symptoms without number, one cause"
    number = "84"
    system = "aps-hq"
    at_the_door = True
    causes = ("target-down",)
    reaches = (
        "erp-hq", "mes-lyon", "mes-graz", "mes-porto", "floor-lyon", "floor-graz", "floor-porto", "wms-north",
        "wms-south", "procurement", "quality",
    )  # fmt: skip
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0, "orders": 30.0}

    def begin(self) -> None:
        """Shut at once; then orders, as long as more are wanted."""
        if not self.state["hits"]:
            self.stand("is down while orders pour in", "start it again; what it missed reaches it then")
        rushed = self.state.get("rushed", 0)
        if self.holds and rushed < self.asked("orders"):
            for plant in PLANTS:
                self.scene.rush_order(plant)
            self.state["rushed"] = rushed + len(PLANTS)
            self.scene.try_again(self)

    def shuts(self, system_id: str) -> bool:
        """Whether this is the system that is down."""
        return system_id == self.params.system and self.holds
