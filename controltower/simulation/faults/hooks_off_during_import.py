"""A mass load is done with the webhooks switched off."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault


class HooksOffDuringImport(Fault):
    """Loads new stock positions into a warehouse that tells by webhook only, and tells nobody."""

    name = "hooks-off-during-import"
    title = "Hooks off during an import"
    what = "a warehouse loads the stock of a new hall at once, its webhooks switched off meanwhile"
    number = "3"
    system = "wms-south"
    causes = ("missing-here", "differs")
    verb = "backfill"
    cure = "action"
    defaults: ClassVar[Body] = {"count": 1, "duration": 180.0}

    def begin(self) -> None:
        """At once."""
        warehouse = self.scene.system(self.params.system)
        if not hasattr(warehouse, "load_hall"):
            raise ValueError(f"{self.params.system} is no warehouse")
        subjects = warehouse.load_hall(f"HALL-{len(self.state['hits']) + 1}-{int(self.state['since'])}")
        what = f"{len(subjects)} stock positions were loaded without a webhook"
        self.hit(self.params.system, subjects, what, "read the touched objects again")
