"""A system keeps its records under their status: each change of it deletes the row and makes another."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS, system_for


class RecordRecreated(Fault):
    """A shipment that is dispatched vanishes from the warehouse's list and comes back under another key."""

    name = "record-recreated"
    title = "Record made anew at a change of status"
    what = "a dispatched shipment loses its row and gets another one, with the same number and another technical key"
    number = "20"
    system = "wms-north"
    causes = ("record-recreated",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """True for a shipment whose row is to be made anew."""
        if step != "shipment" or not self.wants(system_id, about, about):
            return False
        plant = next(plant for plant in PLANTS if self._ships(plant, about))
        subjects = [f"{plant}/shipment/DN-{about[3:]}", f"{plant}/order/{about}"]
        what = f"the row of the shipment of {about} was deleted and made anew"
        self.hit(system_id, subjects, what, "nothing: it is the same shipment", {"order": about})
        return True

    def _ships(self, plant: str, order: str) -> bool:
        held = self.scene.system(system_for("wms", plant)).db.get("shipment", order)
        return bool(held and held["plant"] == plant)
