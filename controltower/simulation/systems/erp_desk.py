"""What people do by hand in the simulated ERP, for better or worse: copy, split, cancel, close, reopen, correct."""

from __future__ import annotations

from typing import Any

from controltower.simulation.database import Body
from controltower.simulation.landscape import PLANTS
from controltower.simulation.systems.erp_orders import new_order, reference_of


class Desk:
    """Each act is one transaction in the ERP's books; orders are named by their number."""

    def __init__(self, erp: Any) -> None:
        self._erp = erp

    def order(self, number: str) -> Body:
        """An order as the books hold it. Raises LookupError for an unknown one."""
        found: Body | None = self._erp.db.get("order", number)
        if found is None:
            raise LookupError(number)
        return found

    def closed_orders(self) -> list[Body]:
        """Orders that are over and were made, youngest first."""
        every: list[Body] = self._erp.db.listed("order")
        return [order for order in reversed(every) if order["status"] == "CLSD"]

    def reuse_number(self, number: str) -> None:
        """Enter an order for another item under the number of an old one, whose row it takes."""
        old = self.order(number)
        with self._erp.db.transaction():
            made = self._drawn(int(number[3:]), old["plant"])
            items = [item for item in PLANTS[old["plant"]].items if item != old["item"]]
            self._erp.enter({**made, "item": items[0], "version": old["version"]}, rush=True)

    def restore(self, old: Body) -> None:
        """Put an old order back under its number, and what had taken it under a number of its own."""
        with self._erp.db.transaction():
            usurper = self.order(old["order"])
            self._end({**old, "version": usurper["version"]}, old["status"], "order.changed")
            number = self._erp.db.next_number("order", 1001)
            moved = self._drawn(number, old["plant"]) | {"item": usurper["item"]}
            self._erp.enter(moved, rush=True)

    def copy(self, number: str) -> str:
        """Copy an order with all that is in it, the customer's reference too; the copy's number."""
        with self._erp.db.transaction():
            old, made = self.order(number), self._next(self.order(number)["plant"])
            made |= {name: old[name] for name in ("item", "quantity", "customer", "price", "reference")}
            self._erp.enter(made, rush=True)
        return str(made["order"])

    def give_reference(self, number: str) -> None:
        """Give an order a reference of its own."""
        with self._erp.db.transaction():
            order = self.order(number)
            order["reference"] = reference_of(order)
            self._erp.save(order, "order.changed")

    def split(self, number: str, net: bool) -> str:
        """Split a part of an order off; `net`: the order has that much less to make. The child's number."""
        with self._erp.db.transaction():
            parent = self.order(number)
            part = parent["quantity"] // 20 * 10
            child = self._next(parent["plant"]) | {
                name: parent[name]
                for name in ("item", "customer", "price", "due", "promise", "bom", "routing")
            }
            self._erp.enter({**child, "parent": number, "quantity": part}, rush=True)
            if net:
                self._less(parent, part)
        return str(child["order"])

    def net(self, number: str, child: str) -> None:
        """Take off an order what was split off it."""
        with self._erp.db.transaction():
            self._less(self.order(number), self.order(child)["quantity"])

    def cancel(self, number: str) -> None:
        """Flag an order for deletion, whatever is going on elsewhere; scheduler and MES are told."""
        with self._erp.db.transaction():
            order = self.order(number)
            self._end(order, "DLFL", "order.cancelled")
            self._erp.tell_mes(order, {"order": number, "cancel": True})

    def complete_technically(self, number: str) -> None:
        """Set an order technically complete: nothing more can be confirmed."""
        self._set(number, status="TECO")

    def reset(self, number: str) -> None:
        """Take technical completion back before all is confirmed: work goes on."""
        self._set(number, status="PCNF")

    def reopen(self, number: str) -> None:
        """Take an order out of the closed ones, back to finally confirmed."""
        with self._erp.db.transaction():
            order = self.order(number) | {"status": "CNF"}
            self._erp.save(order, "order.changed")
            self._erp.tell_aps(order)

    def close(self, number: str) -> None:
        """Close an order for good; scheduler and MES are told."""
        with self._erp.db.transaction():
            order = self.order(number)
            self._end(order, "CLSD", "order.closed")
            self._erp.tell_mes(order, {"order": number, "close": True})

    def correct(self, number: str, good: int) -> None:
        """Reverse what was booked too much."""
        self._set(number, good=good)

    def new_bill(self, number: str) -> None:
        """Release the next version of an order's bill of material; the MES is told."""
        with self._erp.db.transaction():
            order = self.order(number)
            order["bom"] = f"B{int(order['bom'][1:]) + 1:02}"
            self._erp.save(order, "order.changed")
            self._erp.tell_masters(order)

    def accept_lot(self, number: str) -> None:
        """Take an order's lot over without quality's decision."""
        with self._erp.db.transaction():
            self._erp.take_decision({"order": number, "accepted": True})

    def _set(self, number: str, **changes: Any) -> None:
        with self._erp.db.transaction():
            self._erp.save(self.order(number) | changes, "order.changed")

    def _end(self, order: Body, status: str, event: str) -> None:
        order["status"] = status
        self._erp.save(order, event)
        self._erp.tell_aps(order)

    def _less(self, parent: Body, part: int) -> None:
        parent["quantity"] -= part
        self._erp.header_changed(parent)

    def _next(self, plant: str) -> Body:
        return self._drawn(self._erp.db.next_number("order", 1001), plant)

    def _drawn(self, number: int, plant: str) -> Body:
        return new_order(number, plant, self._erp.now, self._erp.chance("by hand", number))
