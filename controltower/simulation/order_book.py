"""What the network asks of whatever holds its orders: the simulated ERP, or the bridge to a real one."""

from __future__ import annotations

from typing import Protocol

from controltower.simulation.database import Body, SystemDatabase


class OrderBook(Protocol):
    """Orders have `order`, `plant`, `item`, `quantity`, `due` (unix seconds) and `status` in the ERP's words."""

    db: SystemDatabase

    def live_orders(self, plant: str = "") -> list[Body]:
        """Orders neither closed nor cancelled, oldest first."""

    def rush_order(self, plant: str) -> None:
        """Create an order and release it at once."""

    def change_due_date(self, number: str, hours: float) -> Body | None:
        """Move a live order's due date as a planner would; None when it can no longer be changed."""

    def tell_aps(self, order: Body) -> None:
        """Tell the scheduler all that is held of an order."""
