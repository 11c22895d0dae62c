"""A message is overtaken by the next one about the same subject."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter

LONGEST_WAIT = 3600.0
OVERTAKEN = {"operation.started", "operation.reported", "order.created", "order.changed"}


class OutOfOrder(Fault):
    """Holds a letter until a later one about its subject has gone."""

    name = "out-of-order"
    title = "Out-of-order arrival"
    what = "an earlier message arrives after a later one about the same subject"
    number = "6"
    system = "mes-graz"
    causes = ("out-of-order",)
    defaults: ClassVar[Body] = {"count": 2, "duration": 60.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, perhaps made to wait."""
        about = f"{letter.subject}:{letter.type}"
        if letter.type not in OVERTAKEN or not self.wants(letter.system, about, letter.order):
            return [letter]
        what = f"{letter.type} about {letter.subject} waits until a later message has gone"
        self.hit(letter.system, [letter.subject], what, "nothing to do: it arrives, and is history by then")
        return [replace(letter, waits=True, not_before=self.scene.now() + LONGEST_WAIT)]
