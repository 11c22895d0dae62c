"""A due date falls into the hour that comes twice when summer time ends, and a system writes it without a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from controltower.simulation.faults.contract import Body, Fault

ZONE = ZoneInfo("Europe/Paris")
HOUR = 3600.0


class DstHour(Fault):
    """Has a planner move a due date to the second 02:30 of that night: the scheduler can only write 02:30."""

    name = "dst-hour"
    title = "Hour of a clock change"
    what = "a due date lies in the hour that comes twice, and the scheduler writes local time without a zone"
    number = "10"
    system = "aps-hq"
    causes = ("dst-hour",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Choose the youngest order that the scheduler knows, and move its due date."""
        wanted = self.params.order
        young = [each for each in reversed(self.scene.live_orders()) if each["status"] == "REL"]
        chosen = next((each for each in young if not wanted or each["order"] == wanted), None)
        if chosen is None:
            self.scene.try_again(self)
            return
        hours = (_fold_after(self.scene.now()) - chosen["due"]) / HOUR
        what = f"due date of {chosen['order']} moved into the hour that comes twice; the scheduler writes no zone"
        subjects = [f"{chosen['plant']}/order/{chosen['order']}"]
        held = {"order": chosen["order"], "hours": hours}
        self.hit(self.params.system, subjects, what, "move it out of that hour", held)
        self.scene.change_due_date(chosen["order"], hours)

    def mend(self, hit: Body) -> None:
        """The due date goes back to where it was."""
        self.scene.change_due_date(hit["held"]["order"], -hit["held"]["hours"])


def _fold_after(moment: float) -> float:
    """The second 02:30 of the next night in which summer time ends, in unix seconds."""
    day = datetime.fromtimestamp(moment, UTC)
    for _ in range(400):
        day += timedelta(days=1)
        local = datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZONE)
        again = local.replace(fold=1)
        if (local.utcoffset() or timedelta()) > (again.utcoffset() or timedelta()):
            return again.timestamp()
    raise ValueError("no night of the next year has an hour twice")
