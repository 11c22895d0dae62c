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

    def shown(self, system_id: str, kind: str, row: Body) -> Body:
        """The row with its field renamed, order of fields kept."""
        pair = RENAMED.get((system_id, kind))
        if pair is None or system_id != self.params.system or not self.holds:
            return row
        return {pair[1] if name == pair[0] else name: value for name, value in row.items()}


def _systems() -> list[str]:
    return [system for system, _ in RENAMED]
