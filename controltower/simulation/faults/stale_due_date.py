"""The ERP moves a due date and the scheduler never hears of it."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import LinkMessage

STARTED = ("released", "ready", "running")


class StaleDueDate(Fault):
    """Has a planner move the due date of a live order now, and drops what the ERP tells the APS about it."""

    name = "stale-due-date"
    title = "Stale due date in the scheduler"
    what = "the due date of a live order changes in the ERP, the update to the APS is lost without an error"
    number = "12"
    system = "aps-hq"
    link = "orders-to-aps"
    causes = ("never-announced",)
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0, "hours": 36.0}

    def begin(self) -> None:
        """Choose the youngest orders that the MES has confirmed, and move their due dates."""
        wanted = self.params.count or 1
        for order in self._candidates()[: wanted - len(self.state["hits"])]:
            hours = self.asked("hours")
            what = f"due date of {order['order']} moved by {hours:g} h in the ERP; the update to the APS was dropped"
            subjects = [f"{order['plant']}/order/{order['order']}"]
            self.hit("aps-hq", subjects, what, "tell the APS the order again", {"order": order["order"]})
            self.scene.change_due_date(order["order"], hours)
        if len(self.state["hits"]) < wanted:
            self.scene.try_again(self)

    def carries(self, message: LinkMessage) -> bool:
        """False for all that the ERP tells the APS about an order that was hit."""
        return message.link != self.link or not self.hits_on(message.about)

    def is_good(self, hit: Body) -> bool | None:
        """Whether the scheduler plans for the ERP's due date."""
        number = hit["held"]["order"]
        plan = self.scene.system("aps-hq").db.get("mo", number)
        return bool(plan and plan["due"] == self.scene.system("erp-hq").desk.order(number)["due"])

    def mend(self, hit: Body) -> None:
        """The ERP tells the APS all it knows of the order."""
        self.scene.resend_order(hit["held"]["order"])

    def _candidates(self) -> list[Body]:
        young = list(reversed(self.scene.live_orders()))
        return [order for order in young if self._suits(order)]

    def _suits(self, order: Body) -> bool:
        if self.params.order:
            return bool(order["order"] == self.params.order)
        job = self.scene.job(order["order"], order["plant"])
        known = job is not None and job["revision"] is not None and job["status"] in STARTED
        return known and order["status"] in ("REL", "PCNF") and not self.hits_on(order["order"])
