"""A lorry brings less than its papers say: the receipt differs from the order."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class ReceiptShort(Fault):
    """One purchase line is booked as received with fewer pieces than were ordered."""

    name = "receipt-short"
    title = "Receipt differs from the order"
    what = "a purchase line is received in full by its status, but with fewer pieces than were ordered"
    number = "75"
    system = "procurement"
    causes = ("receipt-differs",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 360.0, "pieces": 60.0}

    def begin(self) -> None:
        """Something is bought."""
        self.scene.need("PORTO")

    def kept(self, system_id: str, kind: str, record: Body) -> Body:
        """The line with what was counted at the door."""
        if kind != "line" or record["state"] not in ("RECEIVED", "CLOSED"):
            return record
        key = f"{record['po']}/{record['line']}"
        if record["received"] != record["quantity"] or not self.wants(system_id, key):
            return record
        missing = int(self.asked("pieces"))
        what = f"{missing} pieces of {key} did not come, and the line counts as received"
        held = {"key": key, "quantity": record["quantity"]}
        mend = "claim what is missing, correct the receipt"
        self.hit(system_id, [f"{record['plant']}/purchase/{key}"], what, mend, held)
        return {**record, "received": record["quantity"] - missing}

    def mend(self, hit: Body) -> None:
        """The rest is found behind the lorry."""
        self.scene.correct(hit["system"], "line", hit["held"]["key"], {"received": hit["held"]["quantity"]})
