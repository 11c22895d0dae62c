"""After a failover both nodes of a system believe that they are the one that speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.letters import Letter


class SplitBrain(Fault):
    """A second node tells what it makes of the same jobs, with a counter of its own: each number comes twice."""

    name = "split-brain"
    title = "Two active nodes"
    what = "two nodes of a MES are active: each fact comes from both, under ids and with times of their own"
    number = "66"
    system = "mes-lyon"
    causes = ("split-brain",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 60.0, "lag": 7.0}

    def begin(self) -> None:
        """From now on."""
        what = f"a second node of {self.params.system} is active beside the first"
        self.hit(self.params.system, [], what, "fence one of them, then see what both have posted")

    def letters(self, letter: Letter) -> list[Letter]:
        """The letter, and the other node's own."""
        told = letter.content
        if letter.system != self.params.system or not self.holds or "source" not in told:
            return [letter]
        return [letter, replace(letter, content=self._other(told))]

    def _other(self, told: Body) -> Body:
        later = datetime.fromisoformat(told["time"]) + timedelta(seconds=self.asked("lag"))
        identity = f"{told['source']}:2:{told['subject']}:{told['sequence']}"
        return {**told, "id": identity, "time": later.isoformat()}
