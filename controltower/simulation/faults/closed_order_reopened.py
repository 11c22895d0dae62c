"""A clerk takes a closed order out of the closed ones; the plant has put it away."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import strike, subject


class ClosedOrderReopened(Fault):
    """Technical completion is taken back, and nobody tells the MES."""

    name = "closed-order-reopened"
    title = "Closed order open again"
    what = "a closed order goes back to confirmed in the ERP, the MES holds it as closed"
    number = "21"
    system = "erp-hq"
    causes = ("reopened",)
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Reopen the youngest order that is closed everywhere."""
        closed = self.scene.system("erp-hq").desk.closed_orders()
        strike(self, [order for order in closed if self._job(order) == "closed"], self._reopen)

    def _reopen(self, order: Body) -> None:
        what = f"{order['order']} was closed and is open again in the ERP; the MES does not know"
        held = {"order": order["order"], "plant": order["plant"]}
        self.hit("erp-hq", [subject(order)], what, "open it in the MES too, on purpose", held)
        self.scene.system("erp-hq").desk.reopen(order["order"])

    def _job(self, order: Body) -> str:
        job = self.scene.job(order["order"], order["plant"])
        return str(job["status"]) if job else ""

    def is_good(self, hit: Body) -> bool | None:
        """Whether the MES has opened it too, or the ERP has closed it again."""
        order = self.scene.system("erp-hq").desk.order(hit["held"]["order"])
        return order["status"] == "CLSD" or self._job(order) != "closed"

    def mend(self, hit: Body) -> None:
        """Close it again, everywhere."""
        self.scene.system("erp-hq").desk.close(hit["held"]["order"])
