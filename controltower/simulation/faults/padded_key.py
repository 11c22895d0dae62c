"""A MES writes an order's number with leading zeros: the same order under two names."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class PaddedKey(Fault):
    """All that the MES says of one order it says under a padded number in small letters."""

    name = "padded-key"
    title = "Key padded"
    what = "a MES writes the number of an order in small letters with leading zeros: twin records"
    number = "35"
    system = "mes-graz"
    causes = ("twin-key",)
    # What the tower brings it of an order that it has never seen.
    reaches = ("aps-hq",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """A live order that this MES knows."""
        plant = self.params.system.partition("-")[2].upper()
        known = [o for o in self.scene.live_orders(plant) if self.scene.job(o["order"], plant)]
        chosen = next((o for o in reversed(known) if self.params.order in ("", o["order"])), None)
        if chosen is None:
            self.scene.try_again(self)
            return
        order = chosen["order"]
        twin = order.lower().replace("-", "-0000")
        subjects = [f"{plant}/order/{order}", f"{plant}/order/{twin}"]
        held = {"order": order, "twin": twin}
        what = f"{self.params.system} writes {order} as {twin}"
        self.hit(self.params.system, subjects, what, "normalise the number at the border", held)
        self.scene.correct(self.params.system, "job", order, {})

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter under the other number."""
        if letter.system != self.params.system or not self.hits_on(letter.order):
            return [letter]
        twin = letter.order.lower().replace("-", "-0000")
        content = {
            **letter.content,
            "subject": letter.subject.replace(letter.order, twin),
            "id": letter.content["id"].replace(letter.order, twin),
            "correlationid": twin,
            "data": {**letter.content["data"], "refs": {"order": twin}},
        }
        return [replace(letter, subject=content["subject"], content=content)]

    def mend(self, hit: Body) -> None:
        """The MES says all it holds of the order under its right number."""
        self.scene.correct(hit["system"], "job", hit["held"].pop("order"), {})
