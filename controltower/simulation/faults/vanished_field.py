"""After an upgrade a system leaves out a field that it has always sent; nobody gets an error, for it was optional."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter

LEFT_OUT = "count"


class VanishedField(Fault):
    """Machine reports come without their counts."""

    name = "vanished-field"
    title = "Field vanished"
    what = "a shop floor leaves the counts out of its machines' reports: nulls where values were"
    number = "59"
    system = "floor-graz"
    causes = ("field-vanished",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """From now on."""
        what = f"{self.params.system} no longer sends the {LEFT_OUT} of its machines"
        self.hit(self.params.system, [], what, "map the new name, read the time since again")

    def letters(self, letter: Letter) -> list[Letter]:
        """The report without its count."""
        told: dict[str, Any] = letter.content.get("data", {}).get("attributes", {})
        if letter.system != self.params.system or LEFT_OUT not in told or not self.holds:
            return [letter]
        left = {name: value for name, value in told.items() if name != LEFT_OUT}
        data = {**letter.content["data"], "attributes": left}
        return [replace(letter, content={**letter.content, "data": data})]
