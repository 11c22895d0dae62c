"""A partner's file name comes a second time, with other content."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS

TIME_TO_READ = 360.0  # seconds for which a file must have lain there


class FileNameRepeated(Fault):
    """Writes a supplier's next answer over the one before."""

    name = "file-name-repeated"
    title = "File name used twice"
    what = "a supplier's answer takes the name of the one before, which was read already"
    number = "72"
    system = "suppliers"
    landscape = "files"
    causes = ("file-repeated",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """Something is bought in two plants, which suppliers will answer one after the other."""
        for plant in list(PLANTS)[:2]:
            self.scene.need(plant)

    def dropped(self, system_id: str, name: str, text: str) -> list[tuple[str, str]]:
        """The next one that has something to write over."""
        before = self.state.get("before")
        self.state["before"] = {"name": name, "text": text, "at": self.scene.now()}
        if before is None:
            return [(name, text)]
        if self.scene.now() - before["at"] < TIME_TO_READ:
            self.scene.need(next(iter(PLANTS)))
            return [(name, text)]
        if not self.wants(system_id, name):
            return [(name, text)]
        held = {"name": name, "text": text, "before": before}
        what = f"{before['name']} was written over"
        self.hit(system_id, [], what, "the supplier drops it under a new number", held)
        return [(before["name"], text)]

    def mend(self, hit: Body) -> None:
        """The old file is back under its name, and the new one has its own."""
        held = hit["held"]
        self.scene.drop(held["before"]["name"], held["before"]["text"])
        self.scene.drop(held["name"], held["text"])
