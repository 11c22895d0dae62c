"""An exporter writes UTF-8 that was read as Latin-1: names arrive with odd characters."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

NAMES = {"C-1001": "Müller & Söhne", "C-1002": "Forêt-Énergie"}
OTHER = "Österreichische Getriebe"


class WrongEncoding(Fault):
    """The customer of one order is a name with letters beyond ASCII, encoded twice."""

    name = "wrong-encoding"
    title = "Damaged characters"
    what = "the ERP shows a customer's name encoded twice: each letter beyond ASCII has become two"
    number = "34"
    system = "erp-hq"
    causes = ("encoding",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0}

    def begin(self) -> None:
        """The youngest live order is touched."""
        orders = self.scene.live_orders()
        if not orders:
            self.scene.try_again(self)
            return
        order = orders[-1]
        subject = f"{order['plant']}/order/{order['order']}"
        what = f"the customer of {order['order']} is written in a double encoding"
        self.hit(
            self.params.system, [subject], what, "set the character set right", {"order": order["order"]}
        )
        self.scene.correct(self.params.system, "order", order["order"], {})

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row with its customer's name as the exporter writes it."""
        if system_id != self.params.system or kind != "order" or not self.hits_on(row["OrderNo"]):
            return row
        return {**row, "Cust": NAMES.get(row["Cust"], OTHER).encode().decode("latin-1")}

    def mend(self, hit: Body) -> None:
        """The order is shown as it should be."""
        self.scene.correct(hit["system"], "order", hit["held"].pop("order"), {})
