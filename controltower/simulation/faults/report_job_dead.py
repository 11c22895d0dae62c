"""A system's scheduled job has died in silence: it goes on to work, and reports no more."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class ReportJobDead(Fault):
    """A shop floor's ten-minute report of its machines is not made any more; breakdowns are still told."""

    name = "report-job-dead"
    title = "Scheduled report dead"
    what = "a shop floor's report of its machines, due every ten minutes, is not made any more"
    number = "71"
    system = "floor-lyon"
    causes = ("machine-report",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0}

    def begin(self) -> None:
        """From now on."""
        self.hit(
            self.params.system, [], f"{self.params.system} makes no reports any more", "start its job again"
        )

    def skips(self, system_id: str, kind: str, body: Body) -> bool:
        """Whether this is the report of that floor."""
        return system_id == self.params.system and kind == "report" and self.holds

    def mend(self, hit: Body) -> None:
        """The job is started again."""
        self.scene.do_later(hit["system"], "report", {})
