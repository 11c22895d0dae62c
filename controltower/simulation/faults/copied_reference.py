"""A clerk copies an order, and the copy carries the customer's reference along."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import STARTED, in_the_plants, strike, subject


class CopiedReference(Fault):
    """Two orders claim one reference until the copy gets its own."""

    name = "copied-reference"
    title = "Copied order keeps the customer's reference"
    what = (
        "an order is copied in the ERP with all that is in it: two orders carry one reference of the customer"
    )
    number = "18"
    system = "erp-hq"
    causes = ("shared-reference",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Copy the youngest order that is in work."""
        strike(self, in_the_plants(self, STARTED), self._copy)

    def _copy(self, order: Body) -> None:
        made = self.scene.system("erp-hq").desk.copy(order["order"])
        subjects = [subject(order), subject({**order, "order": made})]
        what = f"{made} is a copy of {order['order']} and carries its reference {order['reference']}"
        self.hit(
            "erp-hq",
            subjects,
            what,
            "give the copy a reference of its own",
            {"order": order["order"], "copy": made},
        )

    def mend(self, hit: Body) -> None:
        """The copy gets a reference of its own."""
        self.scene.system("erp-hq").desk.give_reference(hit["held"]["copy"])
