"""The ERP converts a yield there and back: the last digits are lost, and the order is never quite done."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class RoundingLoss(Fault):
    """The ERP shows the yield of one order a few thousandths below what the MES counted."""

    name = "rounding-loss"
    title = "Rounding"
    what = "the ERP converts the yield of an order through a box of three decimals: the last digits are lost"
    number = "33"
    system = "erp-hq"
    causes = ("rounding",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row with its yield converted."""
        if system_id != self.params.system or kind != "order" or not float(row["ConfYield"]):
            return row
        order = row["OrderNo"]
        if not self.hits_on(order):
            if row["Sts"] != "CNF" or not self.wants(system_id, order, order):
                return row
            subject = f"{row['Werk']}/order/{order}"
            what = f"the yield of {order} lost its last digits"
            self.hit(system_id, [subject], what, "carry decimals from end to end", {"order": order})
        return {**row, "ConfYield": f"{float(row['ConfYield']) - 0.004:.3f}"}

    def mend(self, hit: Body) -> None:
        """The yield is shown as it was posted."""
        self.scene.correct(hit["system"], "order", hit["held"].pop("order"), {})
