"""An order is split, and what was split off is not taken off it."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import in_the_plants, strike, subject


class SplitCountedTwice(Fault):
    """The part is due twice: in the order, and in the order that was split off it."""

    name = "split-counted-twice"
    title = "Split order counted twice"
    what = "a part of an order is split off into an order of its own, the first one keeps its whole quantity"
    number = "19"
    system = "erp-hq"
    causes = ("split-counted-twice",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Split the youngest order that the plant knows and has not begun."""
        strike(self, in_the_plants(self, ("released", "ready")), self._split)

    def _split(self, order: Body) -> None:
        made = self.scene.system("erp-hq").desk.split(order["order"], net=False)
        subjects = [subject(order), subject({**order, "order": made})]
        what = f"{made} was split off {order['order']}, which keeps all of its {order['quantity']} pieces"
        held = {"order": order["order"], "child": made}
        self.hit("erp-hq", subjects, what, "take the split part off the first order", held)

    def mend(self, hit: Body) -> None:
        """The first order gives up what was split off."""
        self.scene.system("erp-hq").desk.net(hit["held"]["order"], hit["held"]["child"])
