"""A supplier confirms a purchase order, but for days after the need."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

HOUR = 3600.0


class PromiseLate(Fault):
    """The confirmation of one purchase line carries another date than was asked for; nobody reads it."""

    name = "promise-late"
    title = "Supplier promises another date"
    what = "a supplier accepts a purchase order and confirms it for two days after it is needed"
    number = "74"
    system = "procurement"
    causes = ("promise-later",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 360.0, "hours": 48.0}

    def begin(self) -> None:
        """Something is bought."""
        self.scene.need("LYON")

    def kept(self, system_id: str, kind: str, record: Body) -> Body:
        """The line with the date that the supplier wrote."""
        if kind != "line" or record["state"] != "CONFIRMED":
            return record
        key = f"{record['po']}/{record['line']}"
        if any(hit["held"].get("key") == key for hit in self.state["hits"]) or not self.wants(system_id, key):
            return record
        subject = f"{record['plant']}/purchase/{key}"
        what = f"{record['supplier']} confirmed {key} for {self.asked('hours'):g} h after the need"
        held = {"key": key, "promised": record["promised"]}
        self.hit(system_id, [subject], what, "expedite it, or move what needs it", held)
        return {**record, "promised": record["need_by"] + self.asked("hours") * HOUR}

    def mend(self, hit: Body) -> None:
        """The supplier can do it earlier."""
        self.scene.correct(hit["system"], "line", hit["held"]["key"], {"promised": hit["held"]["promised"]})
