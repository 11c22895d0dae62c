"""Two systems correct each other without end."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class FeedbackLoop(Fault):
    """A planning tool sets an order's due date, and a nightly rule of the ERP sets it back: every few minutes."""

    name = "feedback-loop"
    title = "Feedback loop"
    what = "an order's due date goes to and fro in the ERP every other minute: two tools correct each other"
    number = "68"
    system = "erp-hq"
    causes = ("feedback-loop",)
    # Whoever follows the date is told it again and again, and is behind at every moment.
    reaches = ("aps-hq",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 90.0, "hours": 8.0}

    def begin(self) -> None:
        """One more turn, and the next in a minute."""
        if not self.state["hits"]:
            self._choose()
        if self.holds:
            forth = not self.state.get("forth", False)
            self._turn(forth)
            self.scene.try_again(self)

    def _choose(self) -> None:
        found = [each for each in self.scene.live_orders() if each["status"] in ("FIRM", "REL")]
        chosen = next(
            (
                each
                for each in reversed(found)
                if self.wants(self.params.system, each["order"], each["order"])
            ),
            None,
        )
        if chosen is None:
            self.scene.try_again(self)
            return
        order, plant = chosen["order"], chosen["plant"]
        what = f"the due date of {order} goes to and fro in {self.params.system}"
        self.hit(
            self.params.system,
            [f"{plant}/order/{order}"],
            what,
            "have one of the two let go",
            {"order": order},
        )

    def _turn(self, forth: bool) -> None:
        hours = self.asked("hours")
        for hit in self.state["hits"]:
            if not hit["mended"]:
                self.scene.change_due_date(hit["held"]["order"], hours if forth else -hours)
        self.state["forth"] = forth

    def mend(self, hit: Body) -> None:
        """It stays where it was at first."""
        if self.state.get("forth"):
            self._turn(False)
