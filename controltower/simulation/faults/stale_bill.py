"""The ERP releases another bill of material for an order, and the MES goes on by the old one."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.faults.occasion import STARTED, in_the_plants, strike, subject
from controltower.simulation.landscape import system_for
from controltower.simulation.letters import LinkMessage


class StaleBill(Fault):
    """Wrong components are consumed until the MES hears of it."""

    name = "stale-bill"
    title = "Stale bill of material in the MES"
    what = "an order gets the next version of its bill of material in the ERP, the word to the MES is lost"
    number = "28"
    system = "erp-hq"
    link = "masters-to-mes"
    causes = ("never-announced",)
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """Change the bill of the youngest order that a MES holds."""
        strike(self, in_the_plants(self, STARTED), self._change)

    def _change(self, order: Body) -> None:
        what = f"{order['order']} has another bill of material in the ERP; the MES was not told"
        held = {"order": order["order"], "plant": order["plant"]}
        self.hit("erp-hq", [subject(order)], what, "tell the MES the order again", held)
        self.scene.system("erp-hq").desk.new_bill(order["order"])

    def carries(self, message: LinkMessage) -> bool:
        """False for the bills of an order that was hit."""
        return message.link != self.link or not self.hits_on(message.about)

    def is_good(self, hit: Body) -> bool | None:
        """Whether the MES works by the ERP's bill."""
        held = hit["held"]
        masters = self.scene.system(system_for("mes", held["plant"])).db.get("masters", held["order"])
        wanted = self.scene.system("erp-hq").desk.order(held["order"])["bom"]
        return bool(masters and masters["bom"] == wanted)

    def mend(self, hit: Body) -> None:
        """The ERP tells the MES after all."""
        erp = self.scene.system("erp-hq")
        with erp.db.transaction():
            erp.tell_masters(erp.desk.order(hit["held"]["order"]))
