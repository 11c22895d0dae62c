"""One event of a batch cannot be read; its neighbours can."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class PartialBatch(Fault):
    """A count in one event of a batch is no number; the rest of the batch is sound."""

    name = "partial-batch"
    title = "Partial batch"
    what = "one event of a batch holds a count that is no number; the others of the batch are sound"
    number = "40"
    system = "mes-porto"
    causes = ("parked-message",)
    verb = "reprocess"
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, perhaps with a count that nobody can read."""
        good = letter.content.get("data", {}).get("attributes", {})
        if "quantity_good" not in good or not self.wants(letter.system, letter.subject, letter.order):
            return [letter]
        held = {"order": letter.order, "subject": letter.subject, "attributes": good}
        what = f"the count in {letter.type} about {letter.subject} is no number"
        self.hit(letter.system, [letter.subject], what, "have the sender tell it again as it is", held)
        content = deepcopy(letter.content)
        content["data"]["attributes"]["quantity_good"] = {"value": "see sheet", "unit": "EA"}
        return [replace(letter, content=content)]

    def mend(self, hit: Body) -> None:
        """The sender tells it again."""
        self.scene.tell_again(hit["system"], hit["held"]["subject"], hit["held"]["attributes"])
