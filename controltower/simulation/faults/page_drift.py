"""Rows shift while a list is read page by page."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class PageDrift(Fault):
    """Small pages whose order changes with each request: rows are met twice, and others never."""

    name = "page-drift"
    title = "Pagination drift"
    what = "a warehouse's lists come in small pages, and their rows change places between two of them"
    number = "14"
    system = "wms-north"
    at_the_door = True
    causes = ("page-drift",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "page": 3.0}

    def begin(self) -> None:
        """At once."""
        self.stand("shuffles its rows between the pages of a list", "list in a fixed order")

    def listed(self, system_id: str, kind: str, rows: list[Body]) -> list[Body]:
        """The rows, each request in another order."""
        if system_id != self.params.system or not self.holds:
            return rows
        turn = self.state["turn"] = self.state.get("turn", 0) + 1
        place = turn * int(self.asked("page")) % len(rows) if rows else 0
        return rows[place:] + rows[:place]

    def page_size(self, system_id: str, asked: int) -> int:
        """Small pages, however many rows are asked for."""
        small = system_id == self.params.system and self.holds
        return min(asked, int(self.asked("page"))) if small else asked
