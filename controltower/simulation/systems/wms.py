"""A simulated warehouse: stages components, receives and ships finished goods, takes in purchases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.dialects import warehouse
from controltower.simulation.landscape import PLANTS, STORE, system_for
from controltower.simulation.letters import Letter
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.systems.wms_inbox import WmsInbox
from controltower.simulation.timekeeper import unix
from controltower.simulation.tower_end import Answer

MINUTE = 60.0
FIRST_STOCK = 2400
REORDER_AT = 1200
SHAPES: dict[str, Callable[[Body], Body]] = {
    "stock": warehouse.north_stock,
    "picks": warehouse.north_pick,
    "shipments": warehouse.north_shipment,
}
FILTERS = ("order_reference", "notes", "reference")


class Wms(PlantSystem):
    """Owns stock on hand; the north is polled, the south sends webhooks."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.jobs |= {
            "pick": self._pick,
            "put-away": self._put_away,
            "dispatch": self._dispatch,
            "unload": self._unload,
        }
        self.accept("/stage", self._take_stage)
        self.accept("/receipts", lambda sent: self.later("put-away", MINUTE, 3 * MINUTE, sent))
        self.accept("/shipments", self.take_shipment)
        self.accept("/inbound", lambda sent: self.later("unload", 2 * MINUTE, 5 * MINUTE, sent))
        WmsInbox(self)
        if self.spec.mode == "inventree":
            for name in SHAPES:
                self.app.add_url_rule(f"/api/{name}/", name, self._lister(name))
        else:
            for name in SHAPES:
                self.app.add_url_rule(f"/{name}", f"list {name}", self._south_lister(name))

    def first_day(self) -> None:
        """Opening stock of every item."""
        for plant in self.spec.plants:
            for item in (*PLANTS[plant].components, *PLANTS[plant].items):
                on_hand = FIRST_STOCK if item in PLANTS[plant].components else 0
                self._stock_changed(_opening(plant, item, on_hand), "stock.counted")

    def _lister(self, name: str) -> Any:
        def view() -> Response | tuple[Response, int]:
            records = self.world.board.listed(self.id, name, self._records(name))
            rows = [self.world.board.shown(self.id, name, SHAPES[name](row)) for row in records]
            after = request.args.get("updated_after", "")
            rows = [row for row in rows if row["updated"][:10] >= after]
            rows = [row for row in rows if all(row.get(field) == value for field, value in _asked().items())]
            limit = request.args.get("limit", "")
            return jsonify(self._paged(name, rows, int(limit)) if limit.isdigit() else rows)

        return view

    def _south_lister(self, name: str) -> Any:
        """Its records in the words of its webhooks, changed since a moment where one is asked for."""
        kind = name.removesuffix("s") if name != "stock" else name

        def view() -> Answer:
            try:
                since = unix(request.args["changed_since"]) if request.args.get("changed_since") else 0.0
                page, size = max(1, int(request.args.get("page", 1))), 200
            except ValueError as error:
                return jsonify({"error": str(error)}), 400
            records = [each for each in self._records(name) if each["changed"] >= since and _told(each)]
            rows = [
                self.world.board.shown(self.id, kind, warehouse.south_row(f"{kind}.snapshot", each))
                for each in records[(page - 1) * size : page * size]
            ]
            return jsonify({"total": len(records), "rows": rows})

        return view

    def _records(self, name: str) -> list[Body]:
        return self.db.listed(name.removesuffix("s") if name != "stock" else name)

    def _paged(self, name: str, rows: list[Body], limit: int) -> Body:
        offset = int(request.args.get("offset", "0"))
        limit = self.world.board.page_size(self.id, limit)
        base = f"{request.host_url}api/{name}/?limit={limit}&ordering=pk&offset="
        return {
            "count": len(rows),
            "next": f"{base}{offset + limit}" if offset + limit < len(rows) else None,
            "previous": f"{base}{max(0, offset - limit)}" if offset else None,
            "results": rows[offset : offset + limit],
        }

    # ---- staging ----------------------------------------------------------------------------------------

    def _take_stage(self, sent: Body) -> None:
        if self.db.get("pick", sent["order"]) is None:
            self.stage(sent)

    def stage(self, sent: Body) -> Body:
        """Reserve an order's components and pick them within minutes; the pick as it is kept."""
        number = len([pick for pick in self.db.listed("pick") if pick["order"] == sent["order"]])
        key = sent["order"] if not number else f"{sent['order']}#{number + 1}"
        for item in PLANTS[sent["plant"]].components:
            stock = self._stock(sent["plant"], item)
            stock["reserved"] += sent["quantity"]
            self._stock_changed(stock, "stock.moved")
        self._pick_changed({**sent, "key": key, "complete": False}, "pick.created")
        self.later("pick", 5 * MINUTE, 12 * MINUTE, {**sent, "key": key})
        return self.db.get("pick", key) or {}

    def _pick(self, sent: Body) -> None:
        stocks = [self._stock(sent["plant"], item) for item in PLANTS[sent["plant"]].components]
        if any(stock["on_hand"] < sent["quantity"] for stock in stocks):
            self.later("pick", 10 * MINUTE, 15 * MINUTE, sent)
            return
        for stock in stocks:
            stock["reserved"] -= sent["quantity"]
            stock["on_hand"] -= sent["quantity"]
            self._reorder(stock)
            self._stock_changed(stock, "stock.moved")
        self._pick_changed({**sent, "complete": True}, "pick.completed")
        target = system_for("mes", sent["plant"])
        self.tell("material-to-mes", target, "/material", sent["order"], {"order": sent["order"]})

    def count(self, quantity: int | None) -> Body:
        """Count the first component of the first plant: so many lie there, or (None) what a first opening had."""
        plant = self.spec.plants[0]
        item = PLANTS[plant].components[0]
        with self.db.transaction():
            stock = self._stock(plant, item)
            stock["on_hand"] = FIRST_STOCK if quantity is None else quantity
            self._stock_changed(stock, "stock.counted")
        return {"plant": plant, "item": item}

    def correct(self, kind: str, key: str, changes: Body) -> None:
        """Set a stock (by a count) or a pick right by hand."""
        record = {**(self.db.get(kind, key) or {"version": 0, "ordered": False}), **changes}
        if kind == "stock":
            self._stock_changed(record, "stock.counted")
        else:
            self._pick_changed(record, "pick.completed" if record["complete"] else "pick.created")

    def load_hall(self, hall: str) -> list[str]:
        """Take the stock of another hall into the books, past the webhooks; the subjects of its positions."""
        subjects = []
        with self.db.transaction():
            for plant in self.spec.plants:
                for item in PLANTS[plant].components:
                    held = {**_opening(plant, item, FIRST_STOCK), "location": hall, "changed": self.stamp}
                    self.db.put("stock", f"{plant}/{item}/{hall}", held, self.now)
                    subjects.append(f"{plant}/stock/{item}/{hall}")
        return subjects

    def _reorder(self, stock: Body) -> None:
        if stock["on_hand"] - stock["reserved"] < REORDER_AT and not stock["ordered"]:
            stock["ordered"] = True
            need = {"plant": stock["plant"], "item": stock["item"], "quantity": FIRST_STOCK}
            self.tell("needs-to-procurement", "procurement", "/needs", stock["item"], need)

    # ---- finished goods and purchases --------------------------------------------------------------------

    def _put_away(self, sent: Body) -> None:
        if self.db.get("receipt", sent["order"]):
            return
        self.db.put("receipt", sent["order"], {}, self.now)
        stock = self._stock(sent["plant"], sent["item"])
        stock["on_hand"] += sent["quantity"]
        self._stock_changed(stock, "stock.received", received_order=sent["order"])

    def take_shipment(self, sent: Body) -> None:
        """An order's goods are to be shipped."""
        if self.db.get("shipment", sent["order"]) is None:
            note = f"DN-{sent['order'][3:]}"
            self._shipment_saved({**sent, "note": note, "shipped": False})
            self.later("dispatch", 3 * MINUTE, 8 * MINUTE, {"order": sent["order"]})

    def _dispatch(self, about: Body) -> None:
        shipment = self.db.get("shipment", about["order"])
        if shipment is None or shipment["shipped"]:
            return
        stock = self._stock(shipment["plant"], shipment["item"])
        stock["on_hand"] -= shipment["quantity"]
        self._stock_changed(stock, "stock.moved")
        shipment["shipped"] = True
        if self.world.board.bends(self.id, "shipment", about["order"]):
            # Another row in its place; what is noted of the old one keeps its key from being given out again.
            self.db.put("deleted", about["order"], {"kind": "shipment"}, self.now, live=False)
            self.db.delete("shipment", about["order"])
        shipment = self._shipment_saved(shipment)
        self._south(f"{shipment['plant']}/shipment/{shipment['note']}", "shipment.dispatched", shipment)
        self.tell("shipped-to-erp", "erp-hq", "/shipped", about["order"], about)

    def _unload(self, sent: Body) -> None:
        key = f"{sent['po']}/{sent['line']}"
        if self.db.get("unloaded", key):
            return
        self.db.put("unloaded", key, {}, self.now)
        stock = self._stock(sent["plant"], sent["item"])
        stock |= {"on_hand": stock["on_hand"] + sent["quantity"], "ordered": False}
        self._stock_changed(stock, "stock.received")
        self.tell("receipts-to-procurement", "procurement", "/goods-receipts", key, {**sent, "key": key})

    # ---- records ----------------------------------------------------------------------------------------

    def _stock(self, plant: str, item: str) -> Body:
        found = self.db.get("stock", f"{plant}/{item}/{STORE}")
        if found is None:
            raise LookupError(f"{self.id} holds no stock of {item} in {plant}")
        return found

    def _stock_changed(self, stock: Body, kind: str, received_order: str = "") -> None:
        stock |= {"changed": self.stamp, "version": stock["version"] + 1}
        place = f"{stock['item']}/{stock['location']}"
        self.db.put("stock", f"{stock['plant']}/{place}", stock, self.now)
        self._south(f"{stock['plant']}/stock/{place}", kind, stock)
        if stock["location"] != STORE:
            return  # of other places than the store nobody else keeps books
        names = ("plant", "item", "on_hand", "reserved", "version")
        moved = {name: stock[name] for name in names}
        self.tell("movements-to-erp", "erp-hq", "/stock-movements", stock["item"], moved)
        if received_order:
            self.tell("receipts-to-erp", "erp-hq", "/received", received_order, {"order": received_order})
        if stock["item"] in PLANTS[stock["plant"]].components:
            buffer = {"item": stock["item"], "location": stock["plant"], "onhand": stock["on_hand"]}
            path = "/api/input/buffer/"
            self.tell("stock-to-aps", "aps-hq", path, stock["item"], {**buffer, "version": stock["version"]})

    def _pick_changed(self, pick: Body, kind: str) -> None:
        pick["changed"] = self.stamp
        self.db.put("pick", pick["key"], pick, self.now, live=not pick["complete"])
        self._south(f"{pick['plant']}/order/{pick['order']}", kind, pick)

    def _shipment_saved(self, shipment: Body) -> Body:
        shipment["changed"] = self.stamp
        self.db.put("shipment", shipment["order"], shipment, self.now, live=not shipment["shipped"])
        return shipment

    def _south(self, subject: str, kind: str, record: Body) -> None:
        """The south tells each fact by webhook; the north waits to be asked."""
        if self.spec.hooks:
            number = self.db.next_number("message")
            message = warehouse.south_message(number, kind, record)
            shown = self.world.board.shown(self.id, kind.split(".")[0], message)
            self.post_letter(Letter(self.id, subject, kind, shown))


def _told(record: Body) -> bool:
    """A shipment is told of once it has left."""
    return bool(record.get("shipped", True))


def _asked() -> dict[str, str]:
    """The filters of a list call that this product knows."""
    return {name: request.args[name] for name in FILTERS if name in request.args}


def _opening(plant: str, item: str, on_hand: int) -> Body:
    return {
        "plant": plant,
        "item": item,
        "location": STORE,
        "on_hand": on_hand,
        "reserved": 0,
        "ordered": False,
        "version": 0,
    }
