"""A MES reads a decimal mark as a thousands mark: 80.000 pieces become eighty thousand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class DecimalMisread(Fault):
    """All that the MES says of one order's quantity is a thousand times too large."""

    name = "decimal-misread"
    title = "Decimal mark misread"
    what = "a MES reads 80.000 as eighty thousand: its quantity of one order is a thousand times the ERP's"
    number = "32"
    system = "mes-porto"
    causes = ("decimal-error",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """A live order that this MES knows; it says at once what it has read."""
        plant = self.params.system.partition("-")[2].upper()
        known = [o for o in self.scene.live_orders(plant) if self.scene.job(o["order"], plant)]
        chosen = next((o for o in reversed(known) if self.params.order in ("", o["order"])), None)
        if chosen is None:
            self.scene.try_again(self)
            return
        order = chosen["order"]
        what = f"{self.params.system} takes the quantity of {order} for a thousand times as much"
        self.hit(
            self.params.system, [f"{plant}/order/{order}"], what, "set the decimal mark", {"order": order}
        )
        self.scene.correct(self.params.system, "job", order, {})

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter with the quantity as it was read."""
        told: dict[str, Any] = letter.content.get("data", {}).get("attributes", {})
        if letter.system != self.params.system or not self.hits_on(letter.order) or "quantity" not in told:
            return [letter]
        quantity = told["quantity"]
        misread = {**quantity, "value": str(int(quantity["value"]) * 1000)}
        data = {**letter.content["data"], "attributes": {**told, "quantity": misread}}
        return [replace(letter, content={**letter.content, "data": data})]

    def mend(self, hit: Body) -> None:
        """The MES reads the order again."""
        self.scene.correct(hit["system"], "job", hit["held"].pop("order"), {})
