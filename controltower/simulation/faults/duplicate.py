"""The same message is delivered twice."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class Duplicate(Fault):
    """Puts a second, equal letter in the outbox; it travels under a webhook-id of its own."""

    name = "duplicate"
    title = "Duplicate delivery"
    what = "a message arrives a second time half a minute later: same content and event id, new webhook-id"
    number = "4"
    system = "mes-lyon"
    causes = ("duplicate-delivery",)
    defaults: ClassVar[Body] = {"count": 3, "duration": 30.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, and perhaps its copy."""
        if not letter.subject or not self.wants(
            letter.system, f"{letter.subject}:{letter.type}", letter.order
        ):
            return [letter]
        what = f"{letter.type} about {letter.subject} was sent twice"
        self.hit(letter.system, [letter.subject], what, "nothing to do: the second copy must not count")
        return [letter, replace(letter, not_before=self.scene.now() + 30.0)]
