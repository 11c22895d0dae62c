"""A machine's counter runs away: the MES counts more pieces than the order asked for."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import OPERATIONS


class OverCount(Fault):
    """The last operation of one order is counted too high, and confirmed so."""

    name = "over-count"
    title = "Over-confirmation"
    what = "the last operation of an order counts a third more than was ordered, and the MES confirms it"
    number = "41"
    system = "mes-graz"
    causes = ("over-confirmation",)
    reaches = ("erp-hq",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 360.0, "percent": 35.0}

    def kept(self, system_id: str, kind: str, record: Body) -> Body:
        """The count that the MES keeps."""
        if kind != "count" or record["operation"] != OPERATIONS[-1]:
            return record
        if not self.wants(system_id, record["order"], record["order"]):
            return record
        plant = system_id.partition("-")[2].upper()
        more = round(record["quantity"] * self.asked("percent") / 100)
        held = {"order": record["order"], "good": record["good"], "plant": plant}
        what = f"the last operation of {record['order']} counted {more} pieces too many"
        self.hit(
            system_id, [f"{plant}/order/{record['order']}"], what, "verify the count and correct it", held
        )
        return {**record, "good": record["good"] + more}

    def mend(self, hit: Body) -> None:
        """Somebody counts, and both systems are set right."""
        held = hit["held"]
        last = {str(OPERATIONS[-1]): {"good": held["good"]}}
        changes = {"good": held["good"], "missing": 0, "operations": last}
        self.scene.correct(hit["system"], "job", held["order"], changes)
        self.scene.correct("erp-hq", "order", held["order"], {"good": held["good"]})
