"""A file is left half written in the folder: its writer died in the middle."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS


class FileHalfWritten(Fault):
    """Cuts a supplier's file off in its last line."""

    name = "file-half-written"
    title = "Half-written file"
    what = "a supplier's file ends in the middle of a line and is never finished"
    number = "72"
    system = "suppliers"
    landscape = "files"
    causes = ("file-half-written",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """Something is bought, which a supplier will answer."""
        self.scene.need(next(iter(PLANTS)))

    def dropped(self, system_id: str, name: str, text: str) -> list[tuple[str, str]]:
        """Half of the file."""
        if not self.wants(system_id, name):
            return [(name, text)]
        what = f"{name} is cut off in its last line"
        self.hit(system_id, [], what, "the supplier writes the file anew", {"name": name, "text": text})
        return [(name, text[: -len(text) // 4])]

    def mend(self, hit: Body) -> None:
        """The whole file takes its place."""
        self.scene.drop(hit["held"]["name"], hit["held"]["text"])
