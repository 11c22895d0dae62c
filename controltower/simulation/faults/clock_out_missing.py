"""A shift changes, and nobody clocks the old one out."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class ClockOutMissing(Fault):
    """The end of a plant's shift is never told; the next one has begun."""

    name = "clock-out-missing"
    title = "Missing clock-out"
    what = "a shift ends and is not clocked out: by the books its people are still at work"
    number = "79"
    system = "workforce"
    causes = ("open-shift",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 480.0}

    def begin(self) -> None:
        """The shift of a plant changes early."""
        self.scene.change_shift("GRAZ")

    def letters(self, letter: Letter) -> list[Letter]:
        """The end of the shift is lost."""
        if letter.system != self.params.system or letter.type != "shift.ended":
            return [letter]
        if not self.wants(letter.system, letter.subject):
            return [letter]
        what = f"{letter.subject} was never clocked out"
        self.hit(letter.system, [letter.subject], what, "clock it out by hand", {"content": letter.content})
        return []

    def mend(self, hit: Body) -> None:
        """A supervisor clocks it out."""
        [subject] = hit["subjects"]
        self.scene.inject(Letter(hit["system"], subject, "shift.ended", hit["held"]["content"]))
