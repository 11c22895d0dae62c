"""Simulated quality: inspects the lot of each finished order and decides its use."""

from __future__ import annotations

from typing import Any

from controltower.simulation.database import Body
from controltower.simulation.systems.heart import Beating

MINUTE = 60.0


class Quality(Beating):
    """Owns inspections and usage decisions."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.start_heart()
        self.jobs |= {"decide": self._decide}
        self.accept("/lots", self._take_lot)

    def _take_lot(self, lot: Body) -> None:
        if self.db.get("lot", lot["order"]):
            return
        self.db.put("lot", lot["order"], lot, self.now)
        self._say(lot, "created", {"status": "open"})
        self.later("decide", 4 * MINUTE, 9 * MINUTE, lot)

    def _decide(self, lot: Body) -> None:
        board = self.world.board
        if board.bends(self.id, "waiting", lot["order"]):
            self.later("decide", 4 * MINUTE, 9 * MINUTE, lot)
        else:
            self.decide(lot["order"], not board.bends(self.id, "inspection", lot["order"]))

    def decide(self, order: str, accepted: bool) -> None:
        """The usage decision about an order's lot. Raises LookupError for one that never came."""
        lot = self.db.get("lot", order)
        if lot is None:
            raise LookupError(f"quality holds no lot of {order}")
        with self.db.transaction():
            self._decided(lot, accepted)

    def _decided(self, lot: Body, accepted: bool) -> None:
        self.db.put("lot", lot["order"], lot, self.now, live=False)
        if accepted:
            self._say(lot, "passed", {"status": "closed", "result": "accepted"})
        else:
            self._say(lot, "failed", {"status": "failed", "result": "rejected"})
        body = {"order": lot["order"], "accepted": accepted}
        self.tell("decisions-to-erp", "erp-hq", "/usage-decisions", lot["order"], body)

    def _say(self, lot: Body, what: str, attributes: Body) -> None:
        key = f"QL-{lot['order'][3:]}"
        said = {**attributes, "order": lot["order"], "lot": lot["lot"]}
        refs = {"order": lot["order"], "item": lot["item"], "native_id": key}
        self.announce(f"{lot['plant']}/inspection/{key}", f"inspection.{what}", said, refs)
