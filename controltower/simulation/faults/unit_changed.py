"""Somebody changes an order's unit in the ERP: it counts in dozens from now on, the others in pieces."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

DOZEN = 12
COUNTS = ("OrderQty", "ConfYield", "ConfScrap")


class UnitChanged(Fault):
    """The ERP shows one order in dozens; scheduler and MES go on in pieces."""

    name = "unit-changed"
    title = "Unit of measure mismatch"
    what = "the ERP counts one order in dozens, the scheduler and the MES in pieces"
    number = "31"
    system = "erp-hq"
    causes = ("unit-mismatch",)
    reaches = ("aps-hq",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """A live order that the MES knows."""
        known = [o for o in self.scene.live_orders() if self.scene.job(o["order"], o["plant"])]
        chosen = next((o for o in reversed(known) if self.params.order in ("", o["order"])), None)
        if chosen is None:
            self.scene.try_again(self)
            return
        order = chosen["order"]
        what = f"the ERP counts {order} in dozens"
        subject = f"{chosen['plant']}/order/{order}"
        self.hit(self.params.system, [subject], what, "agree on the unit", {"order": order})
        self.scene.correct(self.params.system, "order", order, {})

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row in dozens."""
        if system_id != self.params.system or kind != "order" or not self.hits_on(row["OrderNo"]):
            return row
        counts = {name: f"{float(row[name]) / DOZEN:.3f}" for name in COUNTS if name in row}
        return {**row, **counts, "Uom": "DZ"}

    def mend(self, hit: Body) -> None:
        """Back to pieces."""
        self.scene.correct(hit["system"], "order", hit["held"].pop("order"), {})
