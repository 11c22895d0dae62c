"""Several layers between a sender and the tower try again, each on its own account."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class RetryAmplification(Fault):
    """One webhook comes `copies` times more under the same delivery id, though each was answered as taken."""

    name = "retry-amplification"
    title = "Retry amplification"
    what = "one webhook comes nine times more under its own id, though each time it was answered 202"
    number = "69"
    system = "mes-lyon"
    causes = ("retry-amplification",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 30.0, "copies": 9.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, and its copies half a minute apart."""
        if not self.wants(letter.system, f"{letter.subject}:{letter.type}", letter.order):
            return [letter]
        number = int(self.asked("copies"))
        what = f"{letter.type} about {letter.subject} is delivered {number} times more"
        self.hit(letter.system, [letter.subject], what, "let but one layer try again")
        named = replace(letter, webhook_id=f"msg_again_{letter.content['id']}")
        late = [replace(named, not_before=self.scene.now() + 30.0 * n) for n in range(1, number + 1)]
        return [named, *late]
