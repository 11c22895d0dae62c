"""The vendor upgrades the ERP over night: due dates mean the end of the day from now on, and nobody says so."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS
from controltower.simulation.timekeeper import iso, unix

NEW_VERSION = "8.00"


class VendorUpgrade(Fault):
    """The ERP tells another version of itself, and shows due dates as the last second of their day."""

    name = "vendor-upgrade"
    title = "Vendor upgrade changes behaviour"
    what = "after an upgrade the ERP shows due dates as the end of their day: every date moves by hours"
    number = "62"
    system = "erp-hq"
    causes = ("version-changed",)
    reaches = ("aps-hq", "mes-lyon", "mes-graz", "mes-porto")
    defaults: ClassVar[Body] = {"count": 1, "duration": 360.0}

    def begin(self) -> None:
        """The upgrade, and a run that touches every live order."""
        what = f"{self.params.system} was upgraded to {NEW_VERSION} and shows due dates as ends of days"
        self.hit(self.params.system, [], what, "roll back, or mend the mapping; read the time since again")
        self._touch()

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The version, and the dates by its new meaning."""
        over = any(hit["held"].get("over") for hit in self.state["hits"])
        if system_id != self.params.system or not self.holds or over:
            return row
        if kind == "health":
            return {**row, "version": NEW_VERSION}
        return {**row, "DueDate": _end_of_day(row)} if kind == "order" else row

    def mend(self, hit: Body) -> None:
        """It is rolled back."""
        hit["held"]["over"] = True
        self._touch()

    def _touch(self) -> None:
        for order in self.scene.live_orders():
            self.scene.correct(self.params.system, "order", order["order"], {})


def _end_of_day(row: Body) -> str:
    plant = PLANTS.get(row["Werk"])  # another fault may show a plant that nobody knows
    due = datetime.fromtimestamp(unix(row["DueDate"]), ZoneInfo(plant.zone if plant else "UTC"))
    return iso(due.replace(hour=23, minute=59, second=59).timestamp(), milliseconds=False)
