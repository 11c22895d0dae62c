"""A MES loses its line for a while: what it has to say arrives more than an hour later."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class Late(Fault):
    """Holds every letter of one system written within a window; newer ones overtake them."""

    name = "late"
    title = "Late arrival"
    what = "the messages of twenty minutes are buffered and arrive 65 minutes after they were due"
    number = "7"
    system = "mes-porto"
    causes = ("late-arrival",)
    defaults: ClassVar[Body] = {"count": 0, "duration": 70.0, "window": 20.0, "delay": 65.0}

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, held while the window is open."""
        window = 60.0 * self.asked("window")
        if self.scene.now() > self.state["since"] + window or letter.not_before:
            return [letter]
        if not self.wants(letter.system, f"{letter.subject}:{letter.type}", letter.order):
            return [letter]
        delay = self.asked("delay")
        what = f"{letter.type} about {letter.subject} is held for {delay:g} min"
        self.hit(letter.system, [letter.subject], what, "it arrives by itself and belongs into the history")
        return [replace(letter, not_before=self.scene.now() + 60.0 * delay)]
