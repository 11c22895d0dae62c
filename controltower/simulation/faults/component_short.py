"""A count finds that a component is gone: the scheduler cannot plan the next orders."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class ComponentShort(Fault):
    """Empties a bin of a warehouse's first plant; mended by itself when bought goods arrive, or by a second count."""

    name = "component-short"
    title = "Component short"
    what = "a count finds a component's bin empty: the scheduler reports orders as infeasible until more is bought"
    number = "24"
    system = "wms-north"
    causes = ("released-without-material", "flow-step-wrong")
    reaches = ("aps-hq", "procurement")
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """The count, and a new order that needs the component."""
        found = self.scene.count_stock(self.params.system, 0)
        subjects = [f"{found['plant']}/stock/{found['item']}/WH1"]
        what = f"{found['item']} is gone in {found['plant']}: no order there can be supplied"
        self.hit(self.params.system, subjects, what, "buy it, or count again")
        self.scene.rush_order(found["plant"])

    def mend(self, hit: Body) -> None:
        """A second count finds it."""
        self.scene.count_stock(hit["system"], None)
