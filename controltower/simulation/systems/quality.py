"""Simulated quality: inspects the lot of each finished order and decides its use."""

from __future__ import annotations

from typing import Any

from controltower.simulation.database import Body
from controltower.simulation.plant_system import PlantSystem

MINUTE = 60.0


class Quality(PlantSystem):
    """Owns inspections and usage decisions."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.jobs |= {"decide": self._decide}
        self.accept("/lots", self._take_lot)

    def _take_lot(self, lot: Body) -> None:
        if self.db.get("lot", lot["order"]):
            return
        self.db.put("lot", lot["order"], lot, self.now)
        self._say(lot, "created", {"status": "open"})
        self.later("decide", 4 * MINUTE, 9 * MINUTE, lot)

    def _decide(self, lot: Body) -> None:
        self.db.put("lot", lot["order"], lot, self.now, live=False)
        self._say(lot, "passed", {"status": "closed", "result": "accepted"})
        body = {"order": lot["order"], "accepted": True}
        self.tell("decisions-to-erp", "erp-hq", "/usage-decisions", lot["order"], body)

    def _say(self, lot: Body, what: str, attributes: Body) -> None:
        key = f"QL-{lot['order'][3:]}"
        said = {**attributes, "order": lot["order"], "lot": lot["lot"]}
        refs = {"order": lot["order"], "item": lot["item"], "native_id": key}
        self.announce(f"{lot['plant']}/inspection/{key}", f"inspection.{what}", said, refs)
