"""After a change of roles the tower may not do one thing any more."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Call, Fault, Trouble


class Forbidden(Fault):
    """403 to plans, and to nothing else: who we are is known, and what else we ask is answered."""

    name = "forbidden"
    title = "Authorisation missing"
    what = "the ERP answers 403 to the plans that the tower writes; it reads and writes all else as before"
    number = "49"
    system = "erp-hq"
    causes = ("forbidden",)
    verb = "resubmit"
    cure = "owner then action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 120.0}

    def begin(self) -> None:
        """At once, and a plan to be told soon."""
        self.stand("lets the tower save no plans", "mend the role, then send again what was refused")
        self.scene.rush_order("LYON")

    def trouble(self, call: Call) -> Trouble | None:
        """403 to a plan."""
        if not call.writes or "PlanSts" not in call.text or not self.troubles(call, ""):
            return None
        return Trouble(403, "Role PLAN_WRITE is missing")
