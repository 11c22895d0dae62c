"""A MES takes a schedule and never confirms the routing."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import SPECS

# What is sent again so soon (virtual seconds) is lost as the first was.
FORGETFUL = 480.0


class ScheduleWithoutRoutingConfirmation(Fault):
    """The dispatch is answered 202 and then lies there: no acknowledgement, no start, until it is sent anew."""

    name = "schedule-without-routing-confirmation"
    title = "Schedule published, routing not confirmed"
    what = "the MES accepts a dispatched schedule and never acknowledges its operations"
    number = "25"
    system = "mes-graz"
    causes = ("schedule-confirmed-by-mes",)
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """A rush order makes sure that a dispatch comes within minutes."""
        if not self.params.order:
            self.scene.rush_order(_plant(self.params.system))

    def withholds_routing(self, system_id: str, order: str) -> bool:
        """True for the order that was hit, and for a new one while more are asked."""
        if self.hits_on(order):
            return self.scene.now() < self._since(order) + FORGETFUL
        if not self.wants(system_id, order, order):
            return False
        plant = _plant(system_id)
        what = f"{system_id} holds the schedule of {order} and does not confirm the routing"
        held = {"order": order, "plant": plant, "at": self.scene.now()}
        self.hit(system_id, [f"{plant}/order/{order}"], what, "confirm the routing in the MES", held)
        return True

    def _since(self, order: str) -> float:
        return max(float(hit["held"]["at"]) for hit in self.state["hits"] if hit["held"]["order"] == order)

    def is_good(self, hit: Body) -> bool | None:
        """Whether the MES has confirmed a schedule of the order."""
        job = self.scene.job(hit["held"]["order"], hit["held"]["plant"])
        return job is not None and job["revision"] is not None

    def mend(self, hit: Body) -> None:
        """Confirm the routing after all."""
        self.scene.acknowledge(hit["held"]["order"], hit["held"]["plant"])


def _plant(system_id: str) -> str:
    return next(spec.plants[0] for spec in SPECS if spec.id == system_id)
