"""Where the tower asks a warehouse to stage an order's components: the south knows a key again, the north does not."""

from __future__ import annotations

from typing import Any

from flask import request

from controltower.simulation.database import Body
from controltower.simulation.dialects import warehouse
from controltower.simulation.inbox import Refused, bare
from controltower.simulation.landscape import PLANTS
from controltower.simulation.tower_end import Done, pieces_in


class WmsInbox:
    """Staging requests, in the words of either warehouse."""

    def __init__(self, wms: Any) -> None:
        self._wms = wms
        if wms.spec.mode == "inventree":
            wms.tower_end.rest("/api/picks/", "POST", self._north, keyed=False)
        else:
            wms.tower_end.rest("/picks", "POST", self._south, keyed=True)

    def _north(self, sent: Body) -> Done:
        """A pick is made for each request, whatever was asked before: who asks twice gets twice."""
        plant, order = self._plant(sent, "site"), str(sent.get("order_reference", ""))
        made = self._staged(plant, order, pieces_in(sent, "quantity", 0), str(sent.get("notes", "")))
        return Done(f"{plant}/order/{order}", "staging", warehouse.north_pick(made), 201)

    def _south(self, sent: Body) -> Done:
        plant, order = self._plant(sent, "site"), str(sent.get("order", ""))
        key = bare(request.headers.get("Idempotency-Key", ""))
        made = self._staged(plant, order, pieces_in(sent, "qty", 0), key)
        return Done(f"{plant}/order/{order}", "staging", {"order": order, "complete": made["complete"]}, 202)

    def _staged(self, plant: str, order: str, quantity: int, notes: str) -> Body:
        if not order or quantity < 1:
            raise Refused(422, "a pick needs an order and a quantity")
        made: Body = self._wms.stage({"order": order, "plant": plant, "quantity": quantity, "notes": notes})
        return made

    def _plant(self, sent: Body, name: str) -> str:
        plant = str(sent.get(name, ""))
        if plant not in self._wms.spec.plants or plant not in PLANTS:
            raise Refused(422, f"site {plant!r} is not served by {self._wms.id}")
        return plant
