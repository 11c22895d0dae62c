"""A server does not know the filter by which it is asked for news."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class FilterIgnored(Fault):
    """The whole table each time, whatever was asked for."""

    name = "filter-ignored"
    title = "Filter ignored"
    what = "after an update the ERP ignores the filter for changed rows, and gives the whole table each time"
    number = "15"
    system = "erp-hq"
    causes = ("filter-ignored",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """At once."""
        self.stand("ignores the filter by which it is asked for news", "find the filter's new name")

    def ignores_filter(self, system_id: str) -> bool:
        """Whether the filter for changed rows goes unheard."""
        return system_id == self.params.system and self.holds
