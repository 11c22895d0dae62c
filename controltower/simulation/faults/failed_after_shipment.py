"""Quality takes its time, the goods leave without its decision, and then the lot fails."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import system_for


class FailedAfterShipment(Fault):
    """The usage decision comes when the customer has the goods."""

    name = "failed-after-shipment"
    title = "Inspection result after shipment"
    what = "an order is shipped before quality has decided; then its lot is rejected"
    number = "81"
    system = "quality"
    link = "decisions-to-erp"
    causes = ("failed-after-shipment",)
    reaches = ("wms-north", "wms-south")
    defaults: ClassVar[Body] = {"count": 1, "duration": 300.0}

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """Quality waits until the lot of an order that was hit has left; then it fails."""
        if step == "waiting":
            return (self.hits_on(about) or self._hits(system_id, about)) and not self._has_left(about)
        return step == "inspection" and self.hits_on(about)

    def _hits(self, system_id: str, about: str) -> bool:
        if not self.wants(system_id, about, about):
            return False
        desk = self.scene.system("erp-hq").desk
        plant = desk.order(about)["plant"]
        subjects = [
            f"{plant}/order/{about}",
            f"{plant}/inspection/QL-{about[3:]}",
            f"{plant}/shipment/DN-{about[3:]}",
        ]
        what = f"{about} is shipped before quality has decided about its lot, which then fails"
        self.hit(
            system_id,
            subjects,
            what,
            "contain it: tell the customer, take it back",
            {"order": about, "plant": plant},
        )
        desk.accept_lot(about)
        return True

    def _has_left(self, order: str) -> bool:
        plant = self.scene.system("erp-hq").desk.order(order)["plant"]
        held = self.scene.system(system_for("wms", plant)).db.get("shipment", order)
        return bool(held and held["shipped"])

    def mend(self, hit: Body) -> None:
        """Quality looks again and takes the lot over."""
        self.scene.system("quality").decide(hit["held"]["order"], True)
