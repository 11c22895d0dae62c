"""Simulated procurement: purchase lines from need to receipt, with suppliers who confirm and deliver."""

from __future__ import annotations

import base64
from typing import Any

from flask import Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.inbox import Refused
from controltower.simulation.landscape import PLANTS, system_for
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.supplier_files import answer
from controltower.simulation.timekeeper import iso, unix
from controltower.simulation.tower_end import Done, pieces_in

MINUTE = 60.0
LOT = 1200  # the least that is bought at once
SUPPLIERS = ("S-ALU", "S-STEEL", "S-RUBBER", "S-BEARING")


class Procurement(PlantSystem):
    """Owns purchase lines and the suppliers' promises."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.jobs |= {
            "send": self._send,
            "confirm": self._confirm,
            "deliver": self._deliver,
            "close": lambda about: self._move(about, state="CLOSED"),
        }
        self.accept("/needs", self._order)
        self.tower_end.rest("/v1/needs", "POST", self._take_need, keyed=True)
        self.accept("/goods-receipts", self._take_receipt)
        self.app.add_url_rule("/v1/purchase-lines", "lines", self._list)

    def _list(self) -> Response | tuple[Response, int]:
        try:
            since = unix(request.args["updated_from"]) if request.args.get("updated_from") else 0.0
            limit = min(200, int(request.args.get("limit", 50)))
            offset = _offset(request.args.get("cursor", ""))
        except ValueError as error:
            return jsonify({"error": {"code": "invalid_parameter", "message": str(error)}}), 400
        total, lines = self.db.page("line", since, limit, offset)
        following = offset + len(lines)
        cursor = base64.urlsafe_b64encode(str(following).encode()).decode() if following < total else None
        rows = [self.world.board.shown(self.id, "line", line_row(line)) for line in lines]
        return jsonify({"data": rows, "next_cursor": cursor})

    def _take_need(self, sent: Body) -> Done:
        """A need that the scheduler has found: it joins what is on order for that plant and part already."""
        plant, item = str(sent.get("site", "")), str(sent.get("sku", ""))
        if plant not in PLANTS or item not in PLANTS[plant].components:
            raise Refused(422, f"nobody buys {item!r} for site {plant!r}")
        coming = [line for line in self.db.live("line") if (line["plant"], line["item"]) == (plant, item)]
        coming = [line for line in coming if line["state"] in ("OPEN", "SENT", "CONFIRMED")]
        if not coming:
            self._order({"plant": plant, "item": item, "quantity": max(LOT, pieces_in(sent, "qty", 0))})
        subject, reference = f"{plant}/stock/{item}", str(sent.get("reference", ""))
        state = "joined" if coming else "ordered"
        return Done(subject, f"need {state}", {"reference": reference, "state": state}, 201)

    def _order(self, need: Body) -> None:
        chance = self.chance("need", need)
        line = {
            **need,
            "po": f"PO-{self.db.next_number('po', 71)}",
            "line": 1,
            "supplier": chance.choice(SUPPLIERS),
            "received": 0,
            "state": "OPEN",
            "need_by": self.now + 6 * 3600.0,
            "promised": None,
            "price": f"{chance.randint(80, 900) / 100:.2f}",
        }
        key = f"{line['po']}/1"
        self._save(key, line)
        self.later("send", MINUTE, 3 * MINUTE, {"key": key})

    def buy(self, plant: str) -> None:
        """Order the least quantity of a plant's first component, as a buyer would."""
        with self.db.transaction():
            self._order({"plant": plant, "item": PLANTS[plant].components[0], "quantity": LOT})

    def correct(self, kind: str, key: str, changes: Body) -> None:
        """Set a purchase line right by hand."""
        self._move({"key": key}, **changes)

    def touch_a_line(self) -> None:
        """Somebody enters a line that is bought and received at the counter."""
        with self.db.transaction():
            self._counter_line(self.stamp)

    def commit_late(self, stamp: float) -> str:
        """A line of a long transaction appears under the stamp of its beginning; its subject."""
        with self.db.transaction():
            return self._counter_line(stamp)

    def _counter_line(self, stamp: float) -> str:
        plant = self.spec.plants[0]
        item = PLANTS[plant].components[0]
        line = {
            "plant": plant, "item": item, "quantity": LOT, "po": f"PO-{self.db.next_number('po', 71)}", "line": 1,
            "supplier": SUPPLIERS[0], "received": LOT, "state": "CLOSED", "need_by": stamp, "promised": stamp,
            "price": "1.00", "changed": stamp,
        }  # fmt: skip
        self.db.put("line", f"{line['po']}/1", line, stamp, live=False)
        return f"{plant}/purchase/{line['po']}/1"

    def _send(self, about: Body) -> None:
        self._move(about, state="SENT")
        self.later("confirm", 5 * MINUTE, 15 * MINUTE, about)

    def _confirm(self, about: Body) -> None:
        minute = MINUTE * self.world.pace.length
        promised = self.now // MINUTE * MINUTE + self.chance("promise", about).randint(45, 90) * minute
        self._move(about, state="CONFIRMED", promised=promised)
        if self.world.drop is not None:
            answer(self.world, self.db.next_number("answer"), self._line(about))
        self.db.plan_job(max(self.now, promised - 10 * minute), "deliver", about)

    def _deliver(self, about: Body) -> None:
        line = self._line(about)
        names = ("po", "line", "plant", "item", "quantity")
        body = {name: line[name] for name in names}
        self.tell("inbound-to-wms", system_for("wms", line["plant"]), "/inbound", about["key"], body)

    def _take_receipt(self, receipt: Body) -> None:
        about = {"key": receipt["key"]}
        if self._line(about)["state"] == "CONFIRMED":
            self._move(about, state="RECEIVED", received=receipt["quantity"])
            self.later("close", 20 * MINUTE, 40 * MINUTE, about)

    def _move(self, about: Body, **changes: Any) -> None:
        self._save(about["key"], {**self._line(about), **changes})

    def _line(self, about: Body) -> Body:
        line = self.db.get("line", about["key"])
        if line is None:
            raise LookupError(f"procurement holds no line {about['key']}")
        return line

    def _save(self, key: str, line: Body) -> None:
        line = self.world.board.kept(self.id, "line", {**line, "changed": self.stamp})
        self.db.put("line", key, line, self.stamp, live=line["state"] != "CLOSED")


def line_row(line: Body) -> Body:
    """A purchase line as the API shows it."""
    return {
        "po": line["po"],
        "line": line["line"],
        "site": line["plant"],
        "supplier": line["supplier"],
        "sku": line["item"],
        "qty": str(line["quantity"]),
        "uom": "EA",
        "qty_received": str(line["received"]),
        "state": line["state"],
        "need_by": iso(line["need_by"], milliseconds=False),
        "promised": iso(line["promised"], milliseconds=False) if line["promised"] else None,
        "unit_price": {"amount": line["price"], "currency": "EUR"},
        "updated_at": iso(line["changed"]),
    }


def _offset(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor.encode()).decode()) if cursor else 0
    except ValueError as error:
        raise ValueError("cursor is not one of ours") from error
