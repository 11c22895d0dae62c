"""A MES takes over only a part of a new plan: the line follows two plans at once."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import in_the_plants, strike, subject

# Seconds that an order must be from its start: on its way the change takes minutes, and what is about to begin stays.
EARLY_ENOUGH = 1200.0


class PartialPlan(Fault):
    """The first operation follows the new plan, the others the old one; all of it is acknowledged."""

    name = "partial-plan"
    title = "Two plan versions in force"
    what = "the scheduler moves an order, its MES takes over the new times of the first operation alone"
    number = "26"
    system = "mes-lyon"
    causes = ("partial-publish",)
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0, "minutes": 60.0}

    def begin(self) -> None:
        """Have the scheduler move an order that has not begun."""
        scene, [plant] = self.scene, self.scene.system(self.params.system).spec.plants
        waiting = [
            order for order in in_the_plants(self, ("released", "ready"))
            if order["plant"] == plant and self._begins_later(order)
        ]  # fmt: skip
        if not waiting and not self.state.get("ordered"):
            self.state["ordered"] = True
            scene.rush_order(plant)
        strike(self, waiting, self._move)

    def _begins_later(self, order: Body) -> bool:
        plan = self.scene.system("aps-hq").db.get("mo", order["order"])
        return bool(plan and not plan["running"] and (plan["start"] or 0) > self.scene.now() + EARLY_ENOUGH)

    def _move(self, order: Body) -> None:
        what = f"{self.params.system} took over only the first operation of the new plan of {order['order']}"
        held = {"order": order["order"], "plant": order["plant"], "left": 1}
        self.hit(self.params.system, [subject(order)], what, "send it the whole plan again", held)
        # On the planning board: a change of the due date alone may leave it where it was.
        self.scene.system("aps-hq").drag(order["order"], self.asked("minutes"))

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """True for the first new plan of an order that was hit."""
        if step != "schedule" or system_id != self.params.system:
            return False
        for hit in self.state["hits"]:
            if hit["held"]["order"] == about and hit["held"]["left"] and not hit["mended"]:
                hit["held"]["left"] = 0
                return True
        return False

    def is_good(self, hit: Body) -> bool | None:
        """Whether the MES holds the scheduler's times of each operation."""
        held, aps = hit["held"], self.scene.system("aps-hq")
        job = self.scene.job(held["order"], held["plant"])
        works = [
            aps.db.get("wo", f"{held['order']}-{number}")
            for number in (job or {"operations": {}})["operations"]
        ]
        return all(
            job and work and job["operations"][str(work["operation"])]["planned_start"] == work["start"]
            for work in works
        )

    def mend(self, hit: Body) -> None:
        """The MES takes the rest of the plan too."""
        held = hit["held"]
        self.scene.system(self.params.system).take_rest(held["order"])
