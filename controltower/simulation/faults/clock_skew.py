"""A system's clock runs ahead."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class ClockSkew(Fault):
    """Every stamp the system writes is minutes ahead."""

    name = "clock-skew"
    title = "Clock ahead"
    what = "the system's clock is ten minutes ahead: its messages come from the future"
    number = "8"
    system = "mes-lyon"
    causes = ("clock-skew",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 0.0, "minutes": 10.0}

    def begin(self) -> None:
        """The clock jumps at once."""
        minutes = self._minutes()
        self.hit(self.params.system, [], f"its clock is {minutes:g} min ahead", "set the clock by NTP")

    def clock_offset(self, system_id: str) -> float:
        """Seconds ahead, for the one system."""
        return 60.0 * self._minutes() if system_id == self.params.system and self.holds else 0.0

    def _minutes(self) -> float:
        return self.asked("minutes")
