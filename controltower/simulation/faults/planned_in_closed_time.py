"""The scheduler does not know a day on which the plant is shut, and plans into it."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import in_the_plants, strike, subject
from controltower.simulation.landscape import next_shut_noon

MINUTE = 60.0
AHEAD = 20 * MINUTE


class PlannedInClosedTime(Fault):
    """A planner finds room for an order on a public holiday, since the scheduler's calendar has none."""

    name = "planned-in-closed-time"
    title = "Planned into closed time"
    what = "an order is planned on a day on which its plant is shut: the scheduler's calendar lacks it"
    number = "82"
    system = "aps-hq"
    causes = ("planned-in-closed-time",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Plan an order that the plant knows and has not begun for its next closed day."""
        waiting = [
            order for order in in_the_plants(self, ("released", "ready")) if self._start(order["order"])
        ]
        strike(self, waiting, self._plan)

    def _plan(self, order: Body) -> None:
        number = order["order"]
        what = f"{number} was planned for a day on which {order['plant']} is shut"
        self.hit(
            "aps-hq",
            [subject(order)],
            what,
            "enter the day in the scheduler's calendar and plan again",
            {"order": number},
        )
        self._move(number, next_shut_noon(order["plant"], self.scene.now()))

    def mend(self, hit: Body) -> None:
        """The day is entered, and the order planned for the next time that is open."""
        self._move(hit["held"]["order"], self.scene.now() + AHEAD)

    def _move(self, number: str, to: float) -> None:
        start = self._start(number)
        if start:
            self.scene.system("aps-hq").drag(number, (to // MINUTE * MINUTE - start) / MINUTE)

    def _start(self, number: str) -> float:
        plan = self.scene.system("aps-hq").db.get("mo", number)
        return float(plan["start"] or 0.0) if plan and not plan["running"] else 0.0
