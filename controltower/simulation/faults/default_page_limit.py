"""A list that was always whole is cut off at a default length."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class DefaultPageLimit(Fault):
    """Always exactly so many rows: the others are not gone, they are on a page that nobody asks for."""

    name = "default-page-limit"
    title = "Default page limit"
    what = "after an update the scheduler's lists end after twenty rows, without a word of further ones"
    number = "15"
    system = "aps-hq"
    causes = ("page-limit",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 90.0, "rows": 20.0}

    def begin(self) -> None:
        """At once."""
        self.stand("cuts its lists off", "ask for all rows, page by page")

    def listed(self, system_id: str, kind: str, rows: list[Body]) -> list[Body]:
        """The first rows alone."""
        if system_id != self.params.system or not self.holds:
            return rows
        return rows[: int(self.asked("rows"))]
