"""A system does what it is asked and its answer never arrives."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class AnswerLost(Fault):
    """Writes, then stays silent until the caller has given up; each message is struck once."""

    name = "answer-lost"
    title = "Answer lost after the write"
    what = "a system books a message and never answers: nobody knows whether it was booked"
    number = "38"
    system = "wms-north"
    at_the_door = True
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "rate": 0.5}

    def begin(self) -> None:
        """At once."""
        self.stand("books messages and does not answer", "look whether it was booked before it is sent again")

    def trouble(self, call: Call) -> Trouble | None:
        """Silence after the write, at a message's first attempt."""
        lost = self.state.setdefault("lost", [])
        if not call.writes or call.text in lost or not self.troubles(call, call.text):
            return None
        lost.append(call.text)
        return Trouble(lost=True)
