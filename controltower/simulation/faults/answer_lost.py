"""A system does what it is asked and its answer never arrives."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble

# By what the tower looks a message up: the filters of the systems that know no idempotency key.
_LOOK_UPS = ("notes=", "/postings", "order_no=")


class AnswerLost(Fault):
    """Writes, then stays silent until the caller has given up; each message is struck once. Nor can it be looked up
    (`blind` 1) as long as this lasts."""

    name = "answer-lost"
    title = "Answer lost after the write"
    what = (
        "a system books a message and never answers, nor answers look-ups: nobody knows whether it was booked"
    )
    number = "38"
    system = "wms-north"
    at_the_door = True
    causes = ("unknown-outcome",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "rate": 1.0, "blind": 1.0}

    def begin(self) -> None:
        """At once."""
        self.stand("books messages and does not answer", "look whether it was booked before it is sent again")

    def trouble(self, call: Call) -> Trouble | None:
        """Silence after the write, at a message's first attempt; look-ups fail until it is over."""
        lost = self.state.setdefault("lost", [])
        if not call.writes:
            looks = self.asked("blind") and any(each in call.text for each in _LOOK_UPS)
            return Trouble(503, "The index is being rebuilt") if looks and self.troubles(call, "") else None
        if call.text in lost or not self.troubles(call, call.text):
            return None
        lost.append(call.text)
        return Trouble(lost=True)

    def is_good(self, hit: Body) -> bool | None:
        """Whether nothing was booked twice."""
        taken = self.scene.system(hit["system"]).tower_end.inbox.taken()
        booked = Counter((each["key"], each["body"]) for each in taken if not each["repeated"])
        return all(number == 1 for number in booked.values())
