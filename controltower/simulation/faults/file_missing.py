"""A file of a numbered series never arrives; the later ones do."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS


class FileMissing(Fault):
    """Keeps one of a supplier's files back while others follow it."""

    name = "file-missing"
    title = "File out of order"
    what = "a supplier's file is kept back, the files after it arrive"
    number = "72"
    system = "suppliers"
    landscape = "files"
    causes = ("file-missing",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """Something is bought in each plant: answers will follow one another."""
        for plant in PLANTS:
            self.scene.need(plant)

    def dropped(self, system_id: str, name: str, text: str) -> list[tuple[str, str]]:
        """Nothing, when this is the one; never the first of all, before which none can be missed."""
        first = not self.state.get("begun")
        self.state["begun"] = True
        if first or not self.wants(system_id, name):
            return [(name, text)]
        self.hit(
            system_id,
            [],
            f"{name} was kept back",
            "the supplier drops it after all",
            {"name": name, "text": text},
        )
        self.scene.need(next(iter(PLANTS)))
        return []

    def mend(self, hit: Body) -> None:
        """It arrives, out of order."""
        self.scene.drop(hit["held"]["name"], hit["held"]["text"])
