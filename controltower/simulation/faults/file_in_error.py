"""A file is put aside into the error folder, where nobody looks."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault
from controltower.simulation.landscape import PLANTS


class FileInError(Fault):
    """A supplier's file lands in the folder's `error`."""

    name = "file-in-error"
    title = "File left in the error folder"
    what = "a gateway puts a supplier's file aside into the error folder, and nobody looks there"
    number = "72"
    system = "suppliers"
    landscape = "files"
    causes = ("file-in-error",)
    defaults: ClassVar[Body] = {"count": 1, "duration": 240.0}

    def begin(self) -> None:
        """Something is bought, which a supplier will answer."""
        self.scene.need(next(iter(PLANTS)))

    def dropped(self, system_id: str, name: str, text: str) -> list[tuple[str, str]]:
        """Aside."""
        if not self.wants(system_id, name):
            return [(name, text)]
        held = {"name": name, "text": text}
        self.hit(system_id, [], f"{name} lies in the error folder", "move it back when it is mended", held)
        return [(f"error/{name}", text)]

    def mend(self, hit: Body) -> None:
        """Back to where it belongs."""
        self.scene.drop(f"error/{hit['held']['name']}", "")
        self.scene.drop(hit["held"]["name"], hit["held"]["text"])
