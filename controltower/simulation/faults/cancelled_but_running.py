"""An order is cancelled in the ERP while the plant works on it, and the word never reaches the MES."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import in_the_plants, strike, subject
from controltower.simulation.letters import LinkMessage


class CancelledButRunning(Fault):
    """The MES goes on with a dead order."""

    name = "cancelled-but-running"
    title = "Cancelled order goes on in the plant"
    what = "a running order is flagged for deletion in the ERP, what it tells the MES about it is lost"
    number = "22"
    system = "erp-hq"
    link = "changes-to-mes"
    causes = ("cancelled-but-running",)
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Cancel the youngest order that runs."""
        strike(self, in_the_plants(self, ("running",)), self._cancel)

    def _cancel(self, order: Body) -> None:
        what = f"{order['order']} was cancelled in the ERP; the MES was not told and works on"
        held = {"order": order["order"], "plant": order["plant"]}
        self.hit("erp-hq", [subject(order)], what, "tell the MES to stop", held)
        self.scene.system("erp-hq").desk.cancel(order["order"])

    def carries(self, message: LinkMessage) -> bool:
        """False for what the ERP tells the MES about an order that was hit."""
        return message.link != self.link or not self.hits_on(message.about)

    def is_good(self, hit: Body) -> bool | None:
        """Whether the MES has stopped."""
        job = self.scene.job(hit["held"]["order"], hit["held"]["plant"])
        return job is not None and job["status"] in ("cancelled", "closed")

    def mend(self, hit: Body) -> None:
        """The ERP tells the MES after all."""
        erp = self.scene.system("erp-hq")
        order = erp.desk.order(hit["held"]["order"])
        with erp.db.transaction():
            erp.tell_mes(order, {"order": order["order"], "cancel": True})
