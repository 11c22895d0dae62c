"""Where the tower writes to the simulated ERP: starts, confirmations, planning status and stock, each booked once."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.inbox import Refused
from controltower.simulation.landscape import STORE
from controltower.simulation.timekeeper import iso
from controltower.simulation.tower_end import Done, moment_in, pieces_in

OVER = ("CLSD", "DLFL")
HALF_A_DAY = 12 * 3600.0
PLANNED = ("PlanSts", "PlanStart", "PlanEnd")


class ErpInbox:
    """PATCH of an order, PUT of a stock row; the same Idempotency-Key is never booked twice."""

    def __init__(self, erp: Any) -> None:
        self._erp = erp
        erp.tower_end.rest("/api/orders/<number>", "PATCH", self._order, keyed=True)
        erp.tower_end.rest("/api/stock/<plant>/<item>/<store>", "PUT", self._stock, keyed=True)
        erp.app.add_url_rule("/api/orders/<number>/postings", "postings", self._postings)

    def _order(self, sent: Body, number: str) -> Done:
        order = self._erp.db.get("order", number)
        if order is None:
            raise Refused(404, f"Order {number} does not exist")
        subject, done = f"{order['plant']}/order/{number}", []
        if any(name in sent for name in PLANNED):
            self._plan(order, sent)
            done.append("planning")
        if "ConfYield" in sent:
            self._confirm(order, sent)
            done.append("confirmation")
        elif sent.get("Sts") == "PCNF":
            self._erp.take_start(order)
            done.append("start")
        if not done:
            raise Refused(422, f"Nothing to book in {', '.join(sent) or 'an empty message'}")
        return Done(subject, "+".join(done), {"OrderNo": number, "Ver": order["version"]})

    def _confirm(self, order: Body, sent: Body) -> None:
        final, good, scrap = (
            sent.get("Sts") == "CNF",
            pieces_in(sent, "ConfYield", 0),
            pieces_in(sent, "ConfScrap", 0),
        )
        if order["final"] or order["status"] in OVER:
            raise Refused(422, f"Order {order['order']} is finally confirmed, nothing more can be booked")
        if good < order["good"]:
            raise Refused(422, f"Yield {good} is below the {order['good']} booked already")
        if good + scrap > 2 * order["quantity"]:
            raise Refused(422, f"Yield {good} is more than twice the quantity of order {order['order']}")
        key = f"{order['order']}/{self._erp.db.next_number('posting')}"
        posting = {"order": order["order"], "good": good, "scrap": scrap, "final": final, "at": self._erp.now}
        posting["key"] = request.headers.get("Idempotency-Key", "").strip('"')
        self._erp.db.put("posting", key, posting, self._erp.now, live=False)
        self._erp.take_confirmation({name: posting[name] for name in ("order", "good", "scrap", "final")})

    def _plan(self, order: Body, sent: Body) -> None:
        """Keep what the scheduler says; an order that ends later than promised is promised anew."""
        order["plan"] = {**order.get("plan", {}), **{name: sent[name] for name in PLANNED if sent.get(name)}}
        if sent.get("PlanEnd"):
            end = moment_in(sent, "PlanEnd")
            order["promise"] = max(order["promise"], (end // 3600 + 1) * 3600 + HALF_A_DAY)
        self._erp.plan_taken(order)

    def _stock(self, sent: Body, plant: str, item: str, store: str) -> Done:
        if store != STORE:
            raise Refused(404, f"There is no storage location {store}")
        self._erp.take_stock(plant, item, pieces_in(sent, "Qty", 0), pieces_in(sent, "ResQty", 0))
        return Done(f"{plant}/stock/{item}/{store}", "stock", {"Matnr": item, "Werk": plant})

    def _postings(self, number: str) -> Response:
        """Confirmations booked for an order, each with the key that it came with."""
        booked = [each for each in self._erp.db.listed("posting") if each["order"] == number]
        key = request.args.get("key")
        return jsonify({"rows": [_shown(each) for each in booked if key in (None, each["key"])]})


def _shown(posting: Body) -> Body:
    return {
        "OrderNo": posting["order"],
        "Key": posting["key"],
        "ConfYield": f"{posting['good']:.3f}",
        "ConfScrap": f"{posting['scrap']:.3f}",
        "Final": posting["final"],
        "PostedAt": iso(posting["at"]),
    }
