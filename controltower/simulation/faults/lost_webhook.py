"""A webhook is never sent: the sender counts on, the tower hears nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter

# Never the first word about a subject: without one heard before it there is no gap to be seen.
FOLLOWED = {
    "operation.started",
    "operation.reported",
    "order.ready",
    "order.started",
    "order.reported",
    "order.changed",
    "order.released",
    "order.posted",
    "resource.reported",
    "stock.moved",
}


class LostWebhook(Fault):
    """Drops letters that others about the same subject will follow, so that the gap can be seen."""

    name = "lost-webhook"
    title = "Lost webhook"
    what = "a message of this system never leaves it; the ones after it arrive"
    number = "1"
    system = "mes-graz"
    causes = ("lost-message", "lost-webhook", "missing-here", "differs")
    verb = "backfill"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """Nothing, when this one is to be lost."""
        if letter.type not in FOLLOWED or not self.wants(letter.system, _about(letter), letter.order):
            return [letter]
        what = f"{letter.type} about {letter.subject} was not sent"
        self.hit(
            letter.system, [letter.subject], what, "the sender sends it again", {"letter": asdict(letter)}
        )
        return []

    def mend(self, hit: Body) -> None:
        """Send the lost letter after all."""
        self.scene.inject(Letter(**hit["held"]["letter"]))


def _about(letter: Letter) -> str:
    return f"{letter.subject}:{letter.type}"
