"""Somebody changes a setting of one system by hand."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class SettingsChanged(Fault):
    """The tolerance is another one from now on; no message tells it."""

    name = "settings-changed"
    title = "Configuration changed by hand"
    what = "somebody sets the tolerance of a system to another figure, and tells nobody"
    number = "83"
    system = "mes-graz"
    causes = ("settings-changed",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0, "tolerance": 12.0}

    def begin(self) -> None:
        """At once."""
        self.stand("has another tolerance than was agreed", "find out who did it, and align")

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """Its settings, as they are now."""
        if kind != "health" or system_id != self.params.system or not self.holds:
            return row
        settings = {**row["settings"], "tolerance_percent": self.asked("tolerance")}
        return {**row, "settings": settings}
