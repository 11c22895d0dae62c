"""The simulated ERP: orders from draft to closed, planners who change their minds, books of stock."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.dialects import erp_native
from controltower.simulation.landscape import ALL, STORE, system_for
from controltower.simulation.letters import Letter
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.systems.erp_desk import Desk
from controltower.simulation.systems.erp_inbox import ErpInbox
from controltower.simulation.systems.erp_orders import new_order
from controltower.simulation.timekeeper import unix

MINUTE = 60.0
CHANGEABLE = ("FIRM", "REL", "PCNF")
DONE = ("CLSD", "DLFL")
NO_MORE = ("TECO", *DONE)


class Erp(PlantSystem):
    """Owns order quantity, due date, priority and business status."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.jobs |= {
            "new-order": self._new_order,
            "firm": self._firm,
            "release": self._release,
            "planner-change": self._planner_change,
            "finish": self._finish,
            "receive": self._receive,
            "ship": self._ship,
            "close": self._close,
        }
        self.accept("/confirmations", self.take_confirmation)
        self.accept("/usage-decisions", self.take_decision)
        self.accept("/stock-movements", self._stock_movement)
        self.accept("/shipped", self._shipped)
        self.accept("/received", self._received)
        ErpInbox(self)
        self.desk = Desk(self)
        self.app.add_url_rule("/api/orders", "orders", lambda: self._list("order", erp_native.order_row))
        self.app.add_url_rule("/api/stock", "stock", lambda: self._list("stock", erp_native.stock_row))

    def first_day(self) -> None:
        """A few orders at once, then one every few minutes."""
        for number in range(self.world.pace.first_orders):
            body = {"plant": ALL[number % len(ALL)], "once": True}
            self.db.plan_job(self.now + 1 + number * MINUTE, "new-order", body)
        if self.world.pace.first_orders:
            self.later("new-order", 6 * MINUTE, 9 * MINUTE, {})

    # ---- lists ------------------------------------------------------------------------------------------

    def _list(self, kind: str, shape: Any) -> Response | tuple[Response, int]:
        asked = request.args
        try:
            filtered = asked.get("changed_since") and not self.world.board.ignores_filter(self.id)
            since = unix(asked["changed_since"]) if filtered else 0.0
            page, size = max(1, int(asked.get("page", 1))), min(500, max(1, int(asked.get("page_size", 100))))
        except ValueError as error:
            return jsonify({"error": str(error)}), 400
        if asked.get("order_no") and kind == "order":
            found = self.db.get(kind, asked["order_no"])
            total, records = int(found is not None), [found] if found else []
        else:
            total, records = self.db.page(kind, since, size, (page - 1) * size)
        rows = [self.world.board.shown(self.id, kind, shape(record)) for record in records]
        return jsonify({"total": total, "page": page, "rows": rows})

    # ---- an order's life --------------------------------------------------------------------------------

    def live_orders(self, plant: str = "") -> list[Body]:
        """Orders neither closed nor cancelled, oldest first."""
        return [order for order in self.db.live("order") if plant in ("", order["plant"])]

    def rush_order(self, plant: str) -> None:
        """Create an order that is firmed and released within two minutes."""
        with self.db.transaction():
            self._create(plant, rush=True)

    def _new_order(self, body: Body) -> None:
        pace = self.world.pace
        if not body.get("once"):
            low, high = pace.order_minutes
            self.later("new-order", low * MINUTE, high * MINUTE, {})
        made = len(self.db.listed("order"))
        if len(self.live_orders()) < pace.live_orders and not 0 < pace.most_orders <= made:
            self._create(body.get("plant") or self.chance("plant").choice(ALL), rush=False)

    def _create(self, plant: str, rush: bool) -> None:
        order = new_order(self.db.next_number("order", 1001), plant, self.now, self.chance("order", plant))
        self.enter(order, rush)

    def enter(self, order: Body, rush: bool) -> None:
        """A new order in the books: firmed and released in its time, or (`rush`) within two minutes."""
        self.save(order, "order.created")
        about = {"order": order["order"]}
        quick = 0.2 if rush else 1.0
        self.later("firm", quick * 1 * MINUTE, quick * 3 * MINUTE, about)
        self.later("release", quick * 6 * MINUTE, quick * 10 * MINUTE, about)
        if not rush and self.chance("changes", about).random() < self.world.pace.changes:
            self.later("planner-change", 15 * MINUTE, 75 * MINUTE, about)

    def _firm(self, about: Body) -> None:
        order = self._order(about)
        if self.chance("cancel", about).random() < self.world.pace.cancellations:
            order["status"] = "DLFL"
            self.save(order, "order.cancelled")
            return
        order["status"] = "FIRM"
        self.save(order, "order.changed")
        self.tell_aps(order)

    def _release(self, about: Body) -> None:
        order = self._order(about)
        if order["status"] != "FIRM":
            return
        order["status"] = "REL"
        self.save(order, "order.released")
        self.tell_aps(order)
        self.tell_masters(order)

    def _planner_change(self, about: Body) -> None:
        order, chance = self._order(about), self.chance("change", about)
        if order["status"] not in CHANGEABLE or order["final"]:
            return
        if chance.random() < 0.35 and order["status"] != "PCNF":
            order["quantity"] = max(20, order["quantity"] + 10 * chance.choice((-2, -1, 1, 2, 3)))
        else:
            order["due"] += 3600.0 * chance.choice((-4, 6, 12, 24, 48))
        self.header_changed(order)

    def change_due_date(self, number: str, hours: float) -> Body | None:
        """Move a live order's due date as a planner would; None when it can no longer be changed."""
        with self.db.transaction():
            order = self.db.get("order", number)
            if order is None or order["status"] not in CHANGEABLE or order["final"]:
                return None
            order["due"] += hours * 3600.0
            self.header_changed(order)
            return order

    def correct(self, kind: str, key: str, changes: Body) -> None:
        """Set an order right by hand."""
        order = self._order({"order": key})
        order |= changes
        self.save(order, "order.changed")

    def header_changed(self, order: Body) -> None:
        """What was changed of an order is told to the scheduler and the MES."""
        self.save(order, "order.changed")
        self.tell_aps(order)
        self.tell_mes(order, _header(order))

    def enter_by_hand(self, plant: str) -> str:
        """A clerk enters an order that nobody firms or releases; its number."""
        number = self.db.next_number("order", 1001)
        order = new_order(number, plant, self.now, self.chance("by hand", plant))
        with self.db.transaction():
            self.save(order, "order.created")
        return str(order["order"])

    def delete_by_hand(self, number: str) -> None:
        """Delete an order for good, without a webhook."""
        with self.db.transaction():
            self.db.delete("order", number)

    def take_start(self, order: Body) -> None:
        """The first operation of an order has begun."""
        if order["status"] == "REL":
            order["status"] = "PCNF"
            self.save(order, "order.changed")

    def plan_taken(self, order: Body) -> None:
        """What the scheduler says of an order was kept."""
        self.save(order, "order.changed")

    def take_confirmation(self, posted: Body) -> None:
        """Book good and scrap so far; a final confirmation completes the order."""
        order = self.db.get("order", posted["order"])
        if order is None or order["final"] or order["status"] in NO_MORE:
            return
        twice = posted["final"] and self.world.board.bends(self.id, "posting", order["order"])
        order |= {
            "good": posted["good"] * (2 if twice else 1),
            "scrap": posted["scrap"],
            "final": posted["final"],
            "status": "PCNF",
        }
        self.save(order, "order.posted")
        if posted["final"]:
            self.later("finish", 20, 40, {"order": order["order"]})

    def _finish(self, about: Body) -> None:
        order = self._order(about)
        order["status"] = "CNF"
        self.save(order, "order.completed")
        self._receive_when_free(order)

    def take_decision(self, decided: Body) -> None:
        """Quality's decision about a lot: an accepted one may be received."""
        order = self.db.get("order", decided["order"])
        if order and decided["accepted"] and not order["accepted"]:
            order["accepted"] = True
            self.db.put("order", order["order"], order, order["changed"])
            self._receive_when_free(order)

    def _receive_when_free(self, order: Body) -> None:
        if order["status"] == "CNF" and order["accepted"]:
            self.later("receive", 2 * MINUTE, 4 * MINUTE, {"order": order["order"]})

    def _receive(self, about: Body) -> None:
        self._tell_wms("receipts-to-wms", "/receipts", self._order(about))

    def _ship(self, about: Body) -> None:
        self._tell_wms("shipments-to-wms", "/shipments", self._order(about))

    def _shipped(self, shipped: Body) -> None:
        self.later("close", 3 * MINUTE, 6 * MINUTE, {"order": shipped["order"]})

    def _close(self, about: Body) -> None:
        order = self._order(about)
        if order["status"] == "CLSD":
            return
        order["status"] = "CLSD"
        self.save(order, "order.closed")
        self.tell_aps(order)
        self.tell_mes(order, {"order": order["order"], "close": True})

    def _stock_movement(self, moved: Body) -> None:
        known = self.db.get("stock", f"{moved['plant']}/{moved['item']}/{STORE}")
        if known is None or known["version"] < moved["version"]:
            self._keep_stock(moved)

    def take_stock(self, plant: str, item: str, on_hand: int, reserved: int) -> None:
        """What the warehouse holds of an item, as the tower brings it."""
        known = self.db.get("stock", f"{plant}/{item}/{STORE}") or {"version": 0}
        held = {"plant": plant, "item": item, "on_hand": on_hand, "reserved": reserved}
        self._keep_stock({**held, "version": known["version"] + 1})

    def _keep_stock(self, held: Body) -> None:
        stock = {**held, "location": STORE, "changed": self.stamp}
        key = f"{held['item']}/{STORE}"
        self.db.put("stock", f"{held['plant']}/{key}", stock, self.stamp)
        self._webhook(f"{held['plant']}/stock/{key}", "stock", "stock.changed", stock)

    def _received(self, received: Body) -> None:
        order = self._order(received)
        order["status"] = "TECO"
        self.save(order, "order.changed")
        self.later("ship", 10 * MINUTE, 20 * MINUTE, {"order": order["order"]})

    # ---- telling ----------------------------------------------------------------------------------------

    def tell_aps(self, order: Body) -> None:
        """Upsert an order in the scheduler, in the scheduler's own dialect."""
        status = {"FIRM": "approved", "CLSD": "closed", "DLFL": "closed"}.get(order["status"], "confirmed")
        upsert = {
            "reference": order["order"],
            "operation": f"Make {order['item']}",
            "status": status,
            "quantity": order["quantity"],
            "due": erp_native.order_row(order)["DueDate"],
            "item": order["item"],
            "location": order["plant"],
            "priority": order["priority"],
            "customer": order["customer"],
            "erp_version": order["version"],
            "source": self.id,
        }
        path = "/api/input/manufacturingorder/"
        self.tell("orders-to-aps", "aps-hq", path, order["order"], upsert)

    def tell_mes(self, order: Body, body: Body) -> None:
        """Tell the plant's MES of a change or the end of an order."""
        target = system_for("mes", order["plant"])
        self.tell("changes-to-mes", target, "/order-changes", order["order"], body)

    def tell_masters(self, order: Body) -> None:
        """Tell the plant's MES by which bill of material and routing an order is made."""
        body = {name: order[name] for name in ("order", "bom", "routing")}
        self.tell("masters-to-mes", system_for("mes", order["plant"]), "/masters", order["order"], body)

    def _tell_wms(self, link: str, path: str, order: Body) -> None:
        body = {key: order[key] for key in ("order", "plant", "item")} | {"quantity": order["good"]}
        self.tell(link, system_for("wms", order["plant"]), path, order["order"], body)

    def _order(self, about: Body) -> Body:
        order = self.db.get("order", about["order"])
        if order is None:
            raise LookupError(f"the ERP holds no order {about['order']}")
        return order

    def save(self, order: Body, event: str) -> None:
        """Write an order down and announce it."""
        order |= {"version": order["version"] + 1, "changed": self.stamp}
        self.db.put("order", order["order"], order, self.stamp, live=order["status"] not in DONE)
        self._webhook(f"{order['plant']}/order/{order['order']}", "order", event, order)

    def _webhook(self, subject: str, kind: str, event: str, record: Body) -> None:
        shape = erp_native.order_row if kind == "order" else erp_native.stock_row
        row = self.world.board.shown(self.id, kind, shape(record))
        self.post_letter(Letter(self.id, subject, event, {"event": event, "row": row}))


def _header(order: Body) -> Body:
    return {
        "order": order["order"],
        "order_version": order["version"],
        "quantity": order["quantity"],
        "due_date": order["due"],
        "priority": order["priority"],
    }
