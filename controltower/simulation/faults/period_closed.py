"""Finance has closed the month: nothing can be posted to its dates."""

from __future__ import annotations

import re
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble

_ORDER = re.compile(r"/api/orders/([^/?\s]+)")


class PeriodClosed(Fault):
    """Confirmations are refused by a business code behind a plain 400; plans and starts are taken."""

    name = "period-closed"
    title = "Accounting period closed"
    what = "the ERP refuses every confirmation: the accounting period of its date is closed"
    number = "46"
    system = "erp-hq"
    landscape = "carried"
    causes = ("period-closed",)
    verb = "resubmit"
    cure = "owner then action"
    # What was made and is not booked shows at the MES, whose count nobody follows.
    reaches = ("mes-lyon", "mes-graz", "mes-porto", "aps-hq")
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0}

    def begin(self) -> None:
        """At once."""
        self.stand("posts to no closed period", "have finance open the period, then post what was refused")

    def trouble(self, call: Call) -> Trouble | None:
        """The refusal of a confirmation."""
        if not call.writes or "ConfYield" not in call.text or not self.troubles(call, ""):
            return None
        found = _ORDER.search(call.text)
        if found:
            self.state.setdefault("orders", {})[found[1]] = True
        words = "Posting only possible in period 2026/03: the posting period 2026/02 is closed"
        return Trouble(400, answer={"error": {"code": "M7/053", "message": words}})

    def is_good(self, hit: Body) -> bool | None:
        """Whether the ERP has booked by now what the plants have completed."""
        erp = self.scene.system(hit["system"])
        orders = [erp.db.get("order", number) for number in self.state.get("orders", {})]
        return all(self._booked(order) for order in orders if order)

    def _booked(self, order: Body) -> bool:
        job = self.scene.job(order["order"], order["plant"])
        return job is None or job["status"] not in ("completed", "closed") or bool(order["final"])
