"""Pieces are lost between two operations, and nobody reports them as scrap."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import OPERATIONS


class ScrapUnreported(Fault):
    """The second operation of one order hands over fewer pieces than it was given, without a word."""

    name = "scrap-unreported"
    title = "Scrap not reported"
    what = "an operation completes with fewer good pieces than it was given and reports no scrap"
    number = "42"
    system = "mes-lyon"
    causes = ("unreported-scrap",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 360.0, "pieces": 7.0}

    def kept(self, system_id: str, kind: str, record: Body) -> Body:
        """The count that the MES keeps."""
        if kind != "count" or record["operation"] != OPERATIONS[1]:
            return record
        if not self.wants(system_id, record["order"], record["order"]):
            return record
        plant = system_id.partition("-")[2].upper()
        lost = int(self.asked("pieces"))
        held = {"order": record["order"], "lost": lost, "scrap": record["scrap"]}
        what = f"operation {record['operation']} of {record['order']} lost {lost} pieces and did not say so"
        mend = "ask the line, report the pieces as scrap"
        self.hit(system_id, [f"{plant}/order/{record['order']}"], what, mend, held)
        return {**record, "good": record["good"] - lost}

    def mend(self, hit: Body) -> None:
        """The line reports its scrap."""
        held = hit["held"]
        jobs = self.scene.records(hit["system"], "job")
        scrap = next(job["scrap"] for job in jobs if job["order"] == held["order"]) + held["lost"]
        operation = {str(OPERATIONS[1]): {"scrap": held["scrap"] + held["lost"]}}
        changes = {"scrap": scrap, "missing": 0, "operations": operation}
        self.scene.correct(hit["system"], "job", held["order"], changes)
        orders = self.scene.records("erp-hq", "order")
        if any(order["order"] == held["order"] and order["final"] for order in orders):
            self.scene.correct("erp-hq", "order", held["order"], {"scrap": scrap})
