"""A goods issue is booked before the receipt: the stock falls below zero."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import STORE


class StockNegative(Fault):
    """More of a finished item is issued than was ever received."""

    name = "stock-negative"
    title = "Negative stock"
    what = "an issue is booked before its receipt: the warehouse holds less than nothing of an item"
    number = "43"
    system = "wms-north"
    causes = ("negative-stock",)
    reaches = ("erp-hq",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0, "pieces": 500.0}

    def begin(self) -> None:
        """The issue."""
        stock = min(self.scene.records(self.params.system, "stock"), key=lambda each: int(each["on_hand"]))
        key, pieces = f"{stock['plant']}/{stock['item']}/{STORE}", int(self.asked("pieces"))
        what = f"{pieces} of {stock['item']} were issued in {stock['plant']} before their receipt"
        subject = f"{stock['plant']}/stock/{stock['item']}/{STORE}"
        held = {"key": key, "pieces": pieces}
        self.hit(self.params.system, [subject], what, "post the missing receipt", held)
        self.scene.correct(self.params.system, "stock", key, {"on_hand": stock["on_hand"] - pieces})

    def mend(self, hit: Body) -> None:
        """The receipt is posted."""
        records = self.scene.records(hit["system"], "stock")
        plant, item, _ = hit["held"]["key"].split("/")
        stock = next(
            each
            for each in records
            if (each["plant"], each["item"], each["location"]) == (plant, item, STORE)
        )
        after = {"on_hand": stock["on_hand"] + hit["held"]["pieces"]}
        self.scene.correct(hit["system"], "stock", hit["held"]["key"], after)
