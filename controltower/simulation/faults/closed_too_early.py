"""A clerk sets an order technically complete while the plant still works on it: its confirmations are refused."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import in_the_plants, strike, subject


class ClosedTooEarly(Fault):
    """The ERP takes nothing more about the order; the MES goes on."""

    name = "closed-too-early"
    title = "Order closed while operations are open"
    what = "a running order is set technically complete in the ERP, which refuses its later confirmations"
    number = "23"
    system = "erp-hq"
    causes = ("closed-too-early",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Complete the youngest order that runs."""
        strike(self, in_the_plants(self, ("running",)), self._complete)

    def _complete(self, order: Body) -> None:
        what = f"{order['order']} was set technically complete while its operations are open"
        held = {"order": order["order"], "plant": order["plant"]}
        self.hit(
            "erp-hq", [subject(order)], what, "take it back, post what was made, complete it again", held
        )
        self.scene.system("erp-hq").desk.complete_technically(order["order"])

    def mend(self, hit: Body) -> None:
        """Take it back, and post what the MES has counted meanwhile."""
        held, erp = hit["held"], self.scene.system("erp-hq")
        erp.desk.reset(held["order"])
        job = self.scene.job(held["order"], held["plant"])
        if job and job["good"]:
            counted = {"good": job["good"], "scrap": job["scrap"], "final": job["status"] == "completed"}
            with erp.db.transaction():
                erp.take_confirmation({"order": held["order"], **counted})
