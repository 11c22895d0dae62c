"""Somebody drags an order on the planning board shortly before it begins, without a reason in the order."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import in_the_plants, strike, subject


class FrozenZoneChange(Fault):
    """The line has set up for a job that is moved away."""

    name = "frozen-zone-change"
    title = "Plan changed inside the frozen zone"
    what = "an order is moved on the planning board within half an hour of its start"
    number = "27"
    system = "aps-hq"
    causes = ("frozen-zone-change",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0, "minutes": 40.0}

    def begin(self) -> None:
        """Drag an order whose start is near; make one where none is."""
        near = [order for order in in_the_plants(self, ("released", "ready")) if self._is_near(order)]
        if not near and not self.state.get("ordered"):
            self.state["ordered"] = True
            self.scene.rush_order("LYON")
        strike(self, near, self._drag)

    def _is_near(self, order: Body) -> bool:
        plan = self.scene.system("aps-hq").db.get("mo", order["order"])
        return bool(plan and plan["start"] and 120 < plan["start"] - self.scene.now() < 1500)

    def _drag(self, order: Body) -> None:
        what = f"{order['order']} was moved by {self.asked('minutes'):g} min although it was about to begin"
        self.hit(
            "aps-hq",
            [subject(order)],
            what,
            "a planner approves it or puts it back",
            {"order": order["order"]},
        )
        self.scene.system("aps-hq").drag(order["order"], self.asked("minutes"))
