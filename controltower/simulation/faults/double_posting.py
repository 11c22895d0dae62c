"""The ERP books one confirmation twice: its answer came too late, and the sender tried again."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import subject


class DoublePosting(Fault):
    """The yield in the books is twice what was made."""

    name = "double-posting"
    title = "Confirmation booked twice"
    what = "a final confirmation is booked twice in the ERP: yield and stock are too high"
    number = "37"
    system = "erp-hq"
    causes = ("double-posting",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def bends(self, system_id: str, step: str, about: str) -> bool:
        """True for a final confirmation that is to count twice."""
        if step != "posting" or not self.wants(system_id, about, about):
            return False
        order = self.scene.system("erp-hq").desk.order(about)
        what = f"the final confirmation of {about} was booked twice"
        held = {"order": about, "plant": order["plant"]}
        self.hit(system_id, [subject(order)], what, "reverse one of them in the ERP", held)
        return True

    def is_good(self, hit: Body) -> bool | None:
        """Whether the ERP has booked what was made."""
        return bool(self.scene.system("erp-hq").desk.order(hit["held"]["order"])["good"] == self._made(hit))

    def mend(self, hit: Body) -> None:
        """Reverse one of the two."""
        self.scene.system("erp-hq").desk.correct(hit["held"]["order"], self._made(hit))

    def _made(self, hit: Body) -> int:
        job = self.scene.job(hit["held"]["order"], hit["held"]["plant"])
        return int(job["good"]) if job else 0
