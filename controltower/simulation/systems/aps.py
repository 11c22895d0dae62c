"""The simulated scheduler in frePPLe's dialect: places orders on machines and publishes schedules to the MES."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.dialects import frepple
from controltower.simulation.landscape import OPERATIONS, PLANTS, system_for
from controltower.simulation.plant_system import PlantSystem

MINUTE = 60.0
FULL_RUN_HOURS = 6
BASE = "/api/input"
SHAPES = {
    "manufacturingorder": ("mo", frepple.manufacturing_order),
    "workorder": ("wo", frepple.work_order),
    "demand": ("mo", frepple.demand),
}
_FIELDS = ("status", "quantity", "item", "location", "priority", "customer", "source")


class Aps(PlantSystem):
    """Owns planned start and end of orders and operations."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.jobs |= {"place": self._place, "publish": self._publish, "full-run": self._full_run}
        for name in SHAPES:
            self.app.add_url_rule(f"{BASE}/{name}/", f"list-{name}", self._lister(name))
        orders = f"{BASE}/manufacturingorder/"
        self.app.add_url_rule(orders, "write", self._write, methods=["POST", "PATCH"])
        self.app.add_url_rule(f"{BASE}/workorder/", "progress", self._progress, methods=["PATCH"])
        self.app.add_url_rule(f"{orders}<reference>/", "detail", self._detail)

    def first_day(self) -> None:
        """The full plan run comes back every six hours."""
        self.db.plan_job(self.now + FULL_RUN_HOURS * 3600, "full-run", {})

    # ---- REST -------------------------------------------------------------------------------------------

    def _lister(self, name: str) -> Any:
        kind, shape = SHAPES[name]

        def view() -> Response | tuple[Response, int]:
            errors = frepple.wrong_filters(request.args)
            if errors:
                return jsonify(errors), 400
            rows = [self.world.board.shown(self.id, kind, shape(record)) for record in self.db.listed(kind)]
            return jsonify(frepple.filtered(rows, request.args))

        return view

    def _detail(self, reference: str) -> Response | tuple[Response, int]:
        found = self.db.get("mo", reference)
        if found is None:
            return jsonify({"detail": "No ManufacturingOrder matches the given query."}), 404
        return jsonify(frepple.manufacturing_order(found))

    def _write(self) -> tuple[Response, int]:
        body = request.get_json()
        rows = body if isinstance(body, list) else [body]
        with self.db.transaction():
            errors = [problem for problem in (self._problem(row) for row in rows) if problem]
            if errors:
                return jsonify(errors[0]), 400
            written = [frepple.manufacturing_order(self._upsert(row)) for row in rows]
        return jsonify(written if isinstance(body, list) else written[0]), _written(request.method)

    def _problem(self, row: Body) -> Body | None:
        if not row.get("reference"):
            return {"reference": ["This field is required."]}
        if row.get("status", "approved") not in frepple.STATUSES:
            return {"status": [f'"{row["status"]}" is not a valid choice.']}
        known = self.db.get("mo", row["reference"])
        if known is None and not all(row.get(name) for name in ("item", "location", "quantity", "due")):
            return {"operation": ["This field is required."]}
        try:
            frepple.moment_of(row.get("due", "2026-01-01"))
            float(row.get("quantity", 1))
        except (TypeError, ValueError):
            return {"due": ["Enter a valid date/time, and a number as quantity."]}
        return None

    def _upsert(self, row: Body) -> Body:
        order = self.db.get("mo", row["reference"]) or _blank(row)
        if row.get("erp_version", order["erp_version"]) < order["erp_version"]:
            return order
        before = (order["quantity"], order["due"], order["status"])
        order |= {name: row[name] for name in _FIELDS if name in row}
        order["quantity"] = float(order["quantity"])
        order["due"] = frepple.moment_of(row["due"]) if "due" in row else order["due"]
        order["erp_version"] = row.get("erp_version", order["erp_version"])
        self._save(order)
        if order["status"] == "closed":
            self._set_works(order, {"status": "closed"})
        elif before != (order["quantity"], order["due"], order["status"]) and not order["running"]:
            self.db.plan_job(self.now + 0.5 * MINUTE, "place", {"reference": order["reference"]})
        elif before[0] != order["quantity"]:
            self._set_works(order, {"quantity": order["quantity"]})
        return order

    def _progress(self) -> Response:
        """What a MES reports of an operation: its order keeps its place in the plan from now on."""
        with self.db.transaction():
            for row in request.get_json():
                self._operation_progress(row)
        return jsonify([])

    def _operation_progress(self, row: Body) -> None:
        work = self.db.get("wo", row["reference"])
        order = self.db.get("mo", work["owner"]) if work else None
        if work is None or order is None or order["status"] == "closed":
            return
        work |= {"completed": row["quantity_completed"], "status": row["status"], "lastmodified": self.now}
        self.db.put("wo", work["reference"], work, self.now, live=work["status"] != "completed")
        order["running"] = True
        if work["operation"] == OPERATIONS[-1]:
            order["completed"] = row["quantity_completed"]
            order["status"] = "completed" if row["status"] == "completed" else order["status"]
        self._save(order)

    # ---- planning ---------------------------------------------------------------------------------------

    def _place(self, body: Body) -> None:
        order = self.db.get("mo", body["reference"])
        if order is None or order["running"] or order["status"] not in ("approved", "confirmed"):
            return
        if order["start"] is None or self._must_move(order):
            self._find_place(order)
        if order["status"] == "confirmed":
            self.later("publish", 20, 40, {"reference": order["reference"]})

    def _must_move(self, order: Body) -> bool:
        placed = (order["placed_quantity"], order["placed_due"])
        moved = placed != (order["quantity"], order["due"])
        return moved and order["start"] > self.now + 10 * MINUTE

    def _find_place(self, order: Body) -> None:
        chance = self.chance("place", order["reference"])
        free = self._machines_free(order)
        start = self.now + chance.uniform(20, 35) * MINUTE
        first = None
        for number in OPERATIONS:
            machine = min(PLANTS[order["location"]].machines[number], key=lambda name: free.get(name, 0.0))
            start = _whole_minute(max(start, free.get(machine, 0.0)))
            end = _whole_minute(start + (12 + order["quantity"] * 0.08 + chance.uniform(0, 4)) * MINUTE)
            self._save_work(order, number, machine, start, end)
            first, start = first or start, end + 2 * MINUTE
        order |= {
            "start": first,
            "end": end,
            "placed_quantity": order["quantity"],
            "placed_due": order["due"],
        }
        self._save(order)

    def _machines_free(self, order: Body) -> dict[str, float]:
        """Until when each machine of the order's plant is taken by other orders."""
        free: dict[str, float] = {}
        for work in self.db.live("wo"):
            if work["owner"] != order["reference"] and work["location"] == order["location"]:
                free[work["resource"]] = max(free.get(work["resource"], 0.0), work["end"])
        return free

    def _publish(self, body: Body) -> None:
        order = self.db.get("mo", body["reference"])
        if order is None or order["status"] != "confirmed":
            return
        order["revision"] = f"REV-{self.db.next_number('revision')}"
        self._save(order)
        works = [self.db.get("wo", f"{order['reference']}-{number}") for number in OPERATIONS]
        dispatch = {
            "order": order["reference"],
            "plant": order["location"],
            "item": order["item"],
            "quantity": int(order["quantity"]),
            "due_date": order["due"],
            "priority": order["priority"],
            "order_version": order["erp_version"],
            "revision": order["revision"],
            "operations": [_dispatched(work) for work in works if work],
        }
        target = system_for("mes", order["location"])
        self.tell("dispatch-to-mes", target, "/dispatch", order["reference"], dispatch)

    def _full_run(self, _: Body) -> None:
        """Every row gets the run's time in whole seconds though nothing changed; closed orders vanish."""
        self.db.plan_job(self.now + FULL_RUN_HOURS * 3600, "full-run", {})
        for kind in ("mo", "wo"):
            for record in self.db.listed(kind):
                if record["status"] == "closed":
                    self.db.delete(kind, record["reference"])
                else:
                    record["lastmodified"] = float(int(self.now))
                    live = kind == "mo" or record["status"] != "completed"
                    self.db.put(kind, record["reference"], record, self.now, live=live)

    # ---- records ----------------------------------------------------------------------------------------

    def _save(self, order: Body) -> None:
        order["lastmodified"] = self.now
        self.db.put("mo", order["reference"], order, self.now, live=order["status"] != "closed")

    def _save_work(self, order: Body, number: int, machine: str, start: float, end: float) -> None:
        reference = f"{order['reference']}-{number}"
        work = {
            "reference": reference,
            "owner": order["reference"],
            "operation": number,
            "status": order["status"],
            "resource": machine,
            "start": start,
            "end": end,
            "completed": 0.0,
            "lastmodified": self.now,
            **{name: order[name] for name in ("item", "location", "quantity", "source")},
        }
        self.db.put("wo", reference, work, self.now)

    def _set_works(self, order: Body, changes: Body) -> None:
        for number in OPERATIONS:
            work = self.db.get("wo", f"{order['reference']}-{number}")
            if work:
                work |= {**changes, "lastmodified": self.now}
                live = work["status"] not in ("completed", "closed")
                self.db.put("wo", work["reference"], work, self.now, live=live)


def _blank(row: Body) -> Body:
    return {
        "reference": row["reference"],
        "status": "approved",
        "customer": None,
        "priority": 3,
        "source": None,
        "quantity": 0.0,
        "due": 0.0,
        "start": None,
        "end": None,
        "placed_quantity": None,
        "placed_due": None,
        "completed": 0.0,
        "revision": None,
        "erp_version": 0,
        "running": False,
    }


def _dispatched(work: Body) -> Body:
    return {
        "operation": work["operation"],
        "resource": work["resource"],
        "planned_start": work["start"],
        "planned_end": work["end"],
    }


def _whole_minute(moment: float) -> float:
    return -(-moment // MINUTE) * MINUTE


def _written(method: str) -> int:
    return 201 if method == "POST" else 200
