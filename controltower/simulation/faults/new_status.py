"""After an upgrade the ERP knows a status that nobody has heard of."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class NewStatus(Fault):
    """One live order stands in a status that is in no table."""

    name = "new-status"
    title = "New status value"
    what = "the ERP shows an order in a status that no mapping knows"
    number = "60"
    system = "erp-hq"
    causes = ("unknown-status",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """The youngest live order."""
        orders = [order for order in self.scene.live_orders() if order["status"] in ("REL", "PCNF")]
        if not orders:
            self.scene.try_again(self)
            return
        order = orders[-1]
        subject = f"{order['plant']}/order/{order['order']}"
        what = f"{order['order']} stands in status SPRS"
        self.hit(
            self.params.system, [subject], what, "add the status to the table", {"order": order["order"]}
        )
        self.scene.correct(self.params.system, "order", order["order"], {})

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row in its new status."""
        if system_id != self.params.system or kind != "order" or not self.hits_on(row["OrderNo"]):
            return row
        return {**row, "Sts": "SPRS"}

    def mend(self, hit: Body) -> None:
        """The status is shown by its old name again."""
        self.scene.correct(hit["system"], "order", hit["held"].pop("order"), {})
