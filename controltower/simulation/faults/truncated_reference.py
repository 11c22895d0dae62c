"""A field of six letters cuts an order's number: the warehouse speaks of an order that nobody knows."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class TruncatedReference(Fault):
    """One pick of the southern warehouse names its order by the first letters only."""

    name = "truncated-reference"
    title = "Reference truncated"
    what = "a warehouse's field is too short: the pick of an order names it by its first letters only"
    number = "63"
    system = "wms-south"
    causes = ("truncated",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0, "letters": 6.0}

    def begin(self) -> None:
        """A new order, whose material will be picked."""
        self.scene.rush_order("PORTO")

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The message with the number cut."""
        if system_id != self.params.system or kind != "pick":
            return row
        order = row["pick"]["order"]
        cut = order[: int(self.asked("letters"))]
        if not self.hits_on(order):
            if not self.wants(system_id, order, order) or any(
                each["order"] == cut for each in self.scene.records("erp-hq", "order")
            ):
                return row
            subjects = [f"PORTO/order/{order}", f"PORTO/order/{cut}"]
            what = f"the pick of {order} names it {cut}"
            self.hit(system_id, subjects, what, "widen the field, send the pick again", {"order": order})
        return {**row, "pick": {**row["pick"], "order": cut}}

    def mend(self, hit: Body) -> None:
        """The field is wide enough, and the pick is told again."""
        self.scene.correct(hit["system"], "pick", hit["held"].pop("order"), {})
