"""A MES completes an order and its confirmation never reaches the ERP."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import system_for
from controltower.simulation.letters import LinkMessage


class ConfirmationNeverPosted(Fault):
    """Drops the final confirmation between MES and ERP; nobody gets an error."""

    name = "confirmation-never-posted"
    title = "Confirmation never posted to the ERP"
    what = "the MES has completed the order, the ERP never books it and stays at partly confirmed"
    number = "36"
    link = "confirmations-to-erp"
    causes = ("confirmation-posted", "never-announced")
    verb = "resync"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def carries(self, message: LinkMessage) -> bool:
        """False for a final confirmation that is to be lost."""
        if message.link != self.link or not message.body["final"]:
            return True
        if not self.wants(message.sender, message.about, message.about):
            return True
        plant = next(p for p in ("LYON", "GRAZ", "PORTO") if system_for("mes", p) == message.sender)
        what = f"the final confirmation of {message.about} was dropped between {message.sender} and the ERP"
        held = {"order": message.about, "message": message.as_body()}
        self.hit(message.sender, [f"{plant}/order/{message.about}"], what, "post the confirmation once", held)
        return False

    def is_good(self, hit: Body) -> bool | None:
        """Whether the ERP has booked it."""
        return bool(self.scene.system("erp-hq").desk.order(hit["held"]["order"])["final"])

    def mend(self, hit: Body) -> None:
        """Post it."""
        self.scene.resend(LinkMessage(**hit["held"]["message"]))
