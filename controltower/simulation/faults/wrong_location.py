"""A backflush is booked from a place at which nothing was ever staged."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS

LINE = "LINE-2"


class WrongLocation(Fault):
    """Consumption of a component is booked from a line store that holds none of it."""

    name = "wrong-location"
    title = "Backflush from the wrong location"
    what = "a component's consumption is booked from a line store at which none of it was staged"
    number = "45"
    system = "wms-south"
    causes = ("wrong-location",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0, "pieces": 60.0}

    def begin(self) -> None:
        """The booking."""
        plant = next(each["plant"] for each in self.scene.records(self.params.system, "stock"))
        item, pieces = PLANTS[plant].components[0], int(self.asked("pieces"))
        key = f"{plant}/{item}/{LINE}"
        what = f"{pieces} of {item} were booked from {LINE} of {plant}, where none lay"
        subject = f"{plant}/stock/{item}/{LINE}"
        self.hit(self.params.system, [subject], what, "post the transfer from the store", {"key": key})
        stock = {"plant": plant, "item": item, "location": LINE, "on_hand": -pieces, "reserved": 0}
        self.scene.correct(self.params.system, "stock", key, stock)

    def mend(self, hit: Body) -> None:
        """The transfer is posted."""
        self.scene.correct(hit["system"], "stock", hit["held"]["key"], {"on_hand": 0})
