"""An order is deleted in the ERP, and nobody is told."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

KNOWN_AFTER = 300.0  # seconds: by then everybody has heard of the order


class DeletedInSource(Fault):
    """A clerk enters an order by hand, and deletes it once the others know it."""

    name = "deleted-in-source"
    title = "Deleted in the source"
    what = "an order that was entered by hand is deleted in the ERP without a word: elsewhere it stays open"
    number = "16"
    system = "erp-hq"
    causes = ("missing-there",)
    verb = "backfill"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Enter it; a little later, delete it."""
        erp = self.scene.system(self.params.system)
        if not hasattr(erp, "enter_by_hand"):
            raise ValueError(f"nobody enters orders in {self.params.system}")
        entered = self.state.get("entered")
        if entered is None:
            self.state["entered"] = {"order": erp.enter_by_hand("LYON"), "at": self.scene.now()}
        elif self.scene.now() >= entered["at"] + KNOWN_AFTER:
            order = entered["order"]
            erp.delete_by_hand(order)
            subjects = [f"LYON/order/{order}"]
            self.hit(self.params.system, subjects, f"{order} was deleted in the ERP", "take it for gone")
            return
        self.scene.try_again(self)
