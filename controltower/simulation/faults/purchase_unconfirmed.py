"""A purchase order is sent, and the supplier never confirms it."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class PurchaseUnconfirmed(Fault):
    """The answer of one supplier never comes: he has not seen the order."""

    name = "purchase-unconfirmed"
    title = "Purchase order never confirmed"
    what = "a purchase order goes out by EDI, is rejected unseen, and no confirmation ever comes"
    number = "73"
    system = "procurement"
    causes = ("purchase-confirmed",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 480.0}

    def begin(self) -> None:
        """Something is bought."""
        self.scene.need("GRAZ")

    def skips(self, system_id: str, kind: str, body: Body) -> bool:
        """True for the confirmation that never comes."""
        if system_id != "procurement" or kind != "confirm":
            return False
        if not self.wants(system_id, body["key"]):
            return False
        lines = self.scene.records(system_id, "line")
        plant = next(line["plant"] for line in lines if f"{line['po']}/{line['line']}" == body["key"])
        what = f"the supplier of {body['key']} never saw the order"
        self.hit(system_id, [f"{plant}/purchase/{body['key']}"], what, "send it again, and call", dict(body))
        return True

    def mend(self, hit: Body) -> None:
        """A call: the supplier confirms."""
        self.scene.do_later(hit["system"], "confirm", {"key": hit["held"]["key"]})
