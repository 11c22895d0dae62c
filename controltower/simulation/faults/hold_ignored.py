"""Quality rejects a lot and the word is lost: the goods are received and shipped as if nothing were."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import LinkMessage


class HoldIgnored(Fault):
    """The ERP takes over a lot about which it hears nothing."""

    name = "hold-ignored"
    title = "Quality hold ignored"
    what = "quality rejects an order's lot, the ERP never hears of it, and the warehouse ships it"
    number = "80"
    system = "quality"
    link = "decisions-to-erp"
    causes = ("hold-ignored",)
    reaches = ("wms-north", "wms-south")
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """True for a lot that is to fail."""
        if step != "inspection" or not self.wants(system_id, about, about):
            return False
        order = self.scene.system("erp-hq").desk.order(about)
        subjects = [f"{order['plant']}/order/{about}", f"{order['plant']}/inspection/QL-{about[3:]}"]
        subjects.append(f"{order['plant']}/shipment/DN-{about[3:]}")
        what = f"the lot of {about} was rejected; the ERP did not hear of it and lets it be shipped"
        self.hit(system_id, subjects, what, "stop the shipment, recall what has left", {"order": about})
        return True

    def carries(self, message: LinkMessage) -> bool:
        """False for the rejection of a lot that was hit, which the ERP then takes over by its own default."""
        if message.link != self.link or not self.hits_on(message.about):
            return True
        self.scene.system("erp-hq").desk.accept_lot(message.about)
        return False

    def mend(self, hit: Body) -> None:
        """Quality looks again and takes the lot over."""
        self.scene.system("quality").decide(hit["held"]["order"], True)
