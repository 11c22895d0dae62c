"""A machine's controller starts anew, and its counter with it."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class CounterReset(Fault):
    """The count of the machine that has made most falls to nothing."""

    name = "counter-reset"
    title = "Counter reset"
    what = "a machine's counter falls to zero: its next count is below the last"
    number = "77"
    system = "floor-lyon"
    causes = ("counter-reset",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 30.0}

    def begin(self) -> None:
        """Now, or as soon as a machine has counted something."""
        machines = self.scene.records(self.params.system, "machine")
        most = max(machines, key=lambda machine: int(machine["count"]), default=None)
        if most is None or not most["count"]:
            self.scene.try_again(self)
            return
        plant = self.params.system.partition("-")[2].upper()
        what = f"the counter of {most['resource']} fell from {most['count']} to 0"
        subject = f"{plant}/resource/{most['resource']}"
        self.hit(self.params.system, [subject], what, "take it as a new start of the counter")
        self.scene.correct(self.params.system, "machine", most["resource"], {"count": 0})
