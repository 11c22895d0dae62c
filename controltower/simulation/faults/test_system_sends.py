"""A copy of a system, made for tests, sends to the real world."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class TestSystemSends(Fault):
    """A restored copy knows the secret and the address; only the name that it gives itself is another."""

    name = "test-system-sends"
    title = "Test system sends to production"
    what = "a copy of the MES that was made for tests sends its trial orders to everybody"
    number = "64"
    system = "mes-lyon"
    causes = ("wrong-instance",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "each": 5.0}

    def begin(self) -> None:
        """A trial order every few minutes."""
        if not self.state["hits"]:
            self.stand(
                "has a copy for tests that sends to production", "stop the copy, undo what it has sent"
            )
        if not self.holds:
            return
        number = self.state["sent"] = self.state.get("sent", 0) + 1
        if number % int(self.asked("each")) == 1:
            self.scene.inject(self._letter(number))
        self.scene.try_again(self)

    def _letter(self, number: int) -> Letter:
        system = self.scene.system(self.params.system)
        if system.spec.mode not in ("structured", "binary", "batch"):
            raise ValueError(f"{self.params.system} does not say who it is")
        plant = system.spec.plants[0]
        subject = f"{plant}/order/TRIAL-{number}"
        source = f"{self.params.system}-test"
        made = {
            "specversion": "1.0",
            "id": f"{source}:{subject}:{number}",
            "source": source,
            "type": "order.started",
            "subject": subject,
            "time": system.local_time(plant),
            "datacontenttype": "application/json",
            "data": {"attributes": {"status": "running"}, "refs": {"order": f"TRIAL-{number}"}},
        }
        return Letter(self.params.system, subject, "order.started", made)
