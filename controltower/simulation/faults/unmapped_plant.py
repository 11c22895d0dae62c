"""A new order is made under a plant code that nobody has mapped."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

UNKNOWN = {"LYON": "FR02", "GRAZ": "AT02", "PORTO": "PT02"}


class UnmappedPlant(Fault):
    """The ERP shows one new order under a new code of its plant."""

    name = "unmapped-plant"
    title = "Plant not mapped"
    what = "the ERP shows a new order under a plant code that is in no mapping"
    number = "29"
    system = "erp-hq"
    causes = ("unmapped",)
    verb = "reprocess"
    cure = "owner then action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """A new order."""
        self.scene.rush_order("LYON")

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row with the new code."""
        if system_id != self.params.system or kind != "order":
            return row
        order, plant = row["OrderNo"], row["Werk"]
        if not self.hits_on(order):
            if row["Sts"] != "CRTD" or not self.wants(system_id, order, order):
                return row
            what = f"{order} is shown under plant {UNKNOWN[plant]}"
            mend = "map the code once, read again what was parked"
            self.hit(system_id, [f"{plant}/order/{order}"], what, mend, {"order": order})
        return {**row, "Werk": UNKNOWN[plant]}

    def mend(self, hit: Body) -> None:
        """The order is put back under the code that is known."""
        self.scene.correct(hit["system"], "order", hit["held"].pop("order"), {})
