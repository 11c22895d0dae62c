"""Signed garbage among the good messages: text that is no JSON, and values of the wrong type."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class PoisonMessage(Fault):
    """Puts two bad letters in the outbox at once: one cut short, one with values nobody can use."""

    name = "poison-message"
    title = "Poison message"
    what = "two signed messages that cannot be used: broken JSON, and a quantity that is no number"
    number = "57"
    system = "mes-lyon"
    causes = ("parked-message",)
    verb = "reprocess"
    defaults: ClassVar[Body] = {"count": 2, "duration": 30.0}

    def begin(self) -> None:
        """Both letters now, about the newest live order."""
        plants = {"mes-lyon": "LYON", "mes-graz": "GRAZ", "mes-porto": "PORTO"}
        orders = self.scene.live_orders(plants.get(self.params.system, ""))
        plant, order = (orders[-1]["plant"], orders[-1]["order"]) if orders else ("LYON", "MO-1001")
        subject = f"{plant}/order/{order}"
        content = self._unusable(plant, order, subject)
        self._inject(subject, "broken JSON", content, json.dumps(content)[:-25])
        self._inject(subject, "a quantity and a time that are none", content, None)

    def _inject(self, subject: str, what: str, content: dict[str, Any], broken: str | None) -> None:
        said = f"a signed message with {what}"
        self.hit(
            self.params.system,
            [subject],
            said,
            "park it, and have the sender tell it again",
            {"subject": subject},
        )
        self.scene.inject(Letter(self.params.system, subject, "order.changed", content, broken=broken))

    def mend(self, hit: Body) -> None:
        """Its sender says something sound of it."""
        if self.params.system not in ("erp-hq", "wms-south"):
            self.scene.tell_again(hit["system"], hit["held"]["subject"], {})

    def _unusable(self, plant: str, order: str, subject: str) -> dict[str, Any]:
        if self.params.system == "erp-hq":
            row = {"OrderNo": order, "Werk": plant, "OrderQty": "viel", "DueDate": 0, "Ver": "?"}
            return {"event": "order.changed", "row": row}
        if self.params.system == "wms-south":
            stock = {"sku": ["RUB-70"], "bin": None, "onHand": "plenty"}
            return {
                "messageId": order,
                "event": "stock.moved",
                "occurredAt": "noon",
                "site": 4,
                "stock": stock,
            }
        return {
            "specversion": "1.0",
            "id": f"{self.params.system}:{subject}:x{int(self.scene.now())}",
            "source": self.params.system,
            "type": "order.changed",
            "subject": subject,
            "time": "yesterday around noon",
            "data": {"attributes": {"quantity": {"value": "twelve dozen", "unit": 7}}, "refs": []},
        }
