"""A site's code is mapped to the wrong plant: a warehouse works for an order where it does not belong."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

OTHER = {"LYON": "GRAZ", "GRAZ": "LYON"}


class WrongPlant(Fault):
    """One pick of the northern warehouse stands at the other of its two sites."""

    name = "wrong-plant"
    title = "Wrong plant mapping"
    what = "a warehouse shows the pick of an order at its other site: right in sum, wrong per plant"
    number = "30"
    system = "wms-north"
    causes = ("wrong-plant",)
    reaches = ("mes-lyon", "mes-graz")
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """A new order, whose material will be picked."""
        self.scene.rush_order("LYON")

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row at the other site."""
        if system_id != self.params.system or kind != "picks":
            return row
        order, site = row["order_reference"], row["site"]
        if not self.hits_on(order):
            if row["status"] == 40 or not self.wants(system_id, order, order):
                return row
            subjects = [f"{site}/order/{order}", f"{OTHER[site]}/order/{order}"]
            what = f"the pick of {order} of {site} is shown at {OTHER[site]}"
            self.hit(system_id, subjects, what, "set the plant mapping right", {"order": order})
        return {**row, "site": OTHER[site]}

    def mend(self, hit: Body) -> None:
        """The pick is shown where it belongs."""
        self.scene.correct(hit["system"], "pick", hit["held"].pop("order"), {})
