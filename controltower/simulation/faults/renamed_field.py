"""After an upgrade a native field has another name."""

from __future__ import annotations

from typing import ClassVar

from controltower.simulation.faults.contract import Body, Fault

RENAMED = {
    ("erp-hq", "order"): ("OrderQty", "OrderQuantity"),
    ("wms-north", "stock"): ("quantity", "qty_on_hand"),
    ("procurement", "line"): ("promised", "promised_at"),
    ("aps-hq", "mo"): ("enddate", "end_date"),
}


class RenamedField(Fault):
    """Rows show one field under a new name, in lists and webhooks alike."""

    name = "renamed-field"
    title = "Renamed field"
    what = "a native field changes its name (ERP: OrderQty becomes OrderQuantity), unannounced"
    number = "59"
    system = "erp-hq"
    causes = ("schema-drift", "parked-message")
    verb = "reprocess"
    cure = "owner then action"
    # Of orders that the tower cannot read in the ERP the others speak all the same.
    reaches = ("aps-hq", "mes-lyon", "mes-graz", "mes-porto", "wms-north", "wms-south")
    defaults: ClassVar[Body] = {"count": 1, "duration": 0.0}

    def begin(self) -> None:
        """From now on."""
        names = [
            f"{old} -> {new}" for (system, _), (old, new) in RENAMED.items() if system == self.params.system
        ]
        if not names:
            raise ValueError(f"{self.params.system} has no field to rename; try {', '.join(_systems())}")
        self.hit(
            self.params.system, [], f"field renamed: {names[0]}", "map the new name, replay what was parked"
        )

    def mend(self, hit: Body) -> None:
        """The upgrade is taken back, and what changed meanwhile is told again."""
        hit["held"]["over"] = True
        kind = next(kind for system, kind in RENAMED if system == hit["system"])
        if (hit["system"], kind) == ("erp-hq", "order"):
            for order in self.scene.records(hit["system"], kind):
                if order["changed"] >= self.state["since"]:
                    self.scene.correct(hit["system"], kind, order["order"], {})

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row with its field renamed, order of fields kept."""
        pair = RENAMED.get((system_id, kind))
        over = any(hit["held"].get("over") for hit in self.state["hits"])
        if pair is None or system_id != self.params.system or not self.holds or over:
            return row
        return {pair[1] if name == pair[0] else name: value for name, value in row.items()}


def _systems() -> list[str]:
    return [system for system, _ in RENAMED]
