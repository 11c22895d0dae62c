"""A row is committed late, under a stamp that the readers have passed."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

READ_AFTER = 300.0  # seconds: by then the readers have passed the younger row


class WatermarkGap(Fault):
    """A long transaction ends: a purchase line appears that claims to have been there for an hour."""

    name = "watermark-gap"
    title = "Watermark gap"
    what = "a purchase line is committed an hour after its stamp: whoever reads by stamp has passed it"
    number = "12"
    system = "procurement"
    causes = ("missing-here",)
    verb = "backfill"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0, "minutes": 60.0}

    def begin(self) -> None:
        """As soon as there is a younger row, which moves the readers on."""
        purchasing = self.scene.system(self.params.system)
        if not hasattr(purchasing, "commit_late"):
            raise ValueError(f"{self.params.system} keeps no purchase lines")
        stamp = self.scene.now() - 60.0 * self.asked("minutes")
        if not self.state.get("moved"):
            self.state["moved"] = self.scene.now()
            purchasing.touch_a_line()
        if self.scene.now() < self.state["moved"] + READ_AFTER:
            self.scene.try_again(self)
            return
        subject = purchasing.commit_late(stamp)
        self.hit(
            self.params.system, [subject], f"{subject} was committed under an old stamp", "compare all of it"
        )
