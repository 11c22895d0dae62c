"""The simulated scheduler in frePPLe's dialect: places orders on machines and publishes schedules to the MES."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from controltower.simulation.database import Body
from controltower.simulation.dialects import frepple
from controltower.simulation.landscape import OPERATIONS, PLANTS, is_shut, opens_at, system_for
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.tower_end import Done

MINUTE = 60.0
# So long before it begins an order stays where it is: messages take their time, however quick the machines are.
FROZEN = 10 * MINUTE
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
        # frePPLe knows no idempotency keys: what is written twice is written over.
        for method in ("POST", "PATCH"):
            self.tower_end.rest(orders, method, self._write, keyed=False)
        self.tower_end.rest(f"{BASE}/workorder/", "PATCH", self._progress, keyed=False)
        self.accept(f"{BASE}/buffer/", self._take_buffer)
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
            return jsonify(self.world.board.listed(self.id, kind, frepple.filtered(rows, request.args)))

        return view

    def _detail(self, reference: str) -> Response | tuple[Response, int]:
        found = self.db.get("mo", reference)
        if found is None:
            return jsonify({"detail": "No ManufacturingOrder matches the given query."}), 404
        return jsonify(frepple.manufacturing_order(found))

    def _write(self, body: Any) -> Done:
        rows = body if isinstance(body, list) else [body]
        errors = [problem for problem in (self._problem(row) for row in rows) if problem]
        if errors:
            return Done("", "refused", errors[0], 400)
        held = [self._upsert(row) for row in rows]
        written = [frepple.manufacturing_order(each) for each in held]
        subject = f"{held[0]['location']}/order/{held[0]['reference']}"
        answer = written if isinstance(body, list) else written[0]
        return Done(subject, "order", answer, 201 if request.method == "POST" else 200)

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
            self.db.plan_job(self.now + 0.5 * self._minute, "place", {"reference": order["reference"]})
        elif order["running"] and order["end"]:
            if before[0] != order["quantity"]:
                self._set_works(order, {"quantity": order["quantity"]})
            self._judge(order)
        return order

    def _progress(self, body: Any) -> Done:
        """What a MES reports of an operation: its order keeps its place in the plan from now on."""
        rows = body if isinstance(body, list) else [body]
        known = [work for work in (self.db.get("wo", str(row.get("reference"))) for row in rows) if work]
        if len(known) < len(rows):
            return Done("", "refused", {"reference": ["No WorkOrder matches the given query."]}, 404)
        for row, work in zip(rows, known, strict=True):
            self._operation_progress(row, work)
        first = known[0]
        subject = f"{first['location']}/operation/{first['owner']}/{first['operation']}"
        return Done(subject, f"progress {rows[0].get('status', '')}".strip(), [])

    def _operation_progress(self, row: Body, work: Body) -> None:
        order = self.db.get("mo", work["owner"])
        if order is None or order["status"] == "closed":
            return
        done = float(row.get("quantity_completed") or work["completed"])
        status = row.get("status", work["status"])
        work |= {"completed": done, "status": status, "lastmodified": self.now}
        self.db.put("wo", work["reference"], work, self.now, live=status != "completed")
        order["running"] = True
        if work["operation"] == OPERATIONS[-1]:
            order["completed"] = done
            order["status"] = "completed" if status == "completed" else order["status"]
        self._save(order)

    def _take_buffer(self, row: Body) -> None:
        """What a plant's warehouse holds of a component."""
        key = f"{row['location']}/{row['item']}"
        known = self.db.get("buffer", key)
        if known is None or known["version"] < row["version"]:
            self.db.put("buffer", key, row, self.now, live=False)

    # ---- planning ---------------------------------------------------------------------------------------

    def _place(self, body: Body) -> None:
        order = self.db.get("mo", body["reference"])
        if order is None or order["running"] or order["status"] not in ("approved", "confirmed"):
            return
        short = self._shortage(order)
        if short:
            self._wait_for(order, short)
            return
        if order["start"] is None or self._must_move(order):
            self._find_place(order)
        self._judge(order)
        if order["status"] == "confirmed":
            self._set_works(order, {"status": "confirmed"})
            self.later("publish", 20, 40, {"reference": order["reference"]})

    def _shortage(self, order: Body) -> tuple[str, float] | None:
        """The first component of which the plant holds less than the order needs, and how much less."""
        for item in PLANTS[order["location"]].components:
            held = self.db.get("buffer", f"{order['location']}/{item}")
            if held and held["onhand"] < order["quantity"]:
                return item, order["quantity"] - held["onhand"]
        return None

    def _wait_for(self, order: Body, short: tuple[str, float]) -> None:
        """Say which component lacks, and look again in a quarter of an hour."""
        against = {
            "feasible": False,
            "constraint": "material",
            "short_item": short[0],
            "short_quantity": short[1],
        }
        if any(order.get(name) != value for name, value in against.items()):
            self._save(order | against)
        again = self.now + 15 * self._minute
        self.db.plan_job(again, "place", {"reference": order["reference"]})

    def _judge(self, order: Body) -> None:
        """Say whether the plan keeps the due date."""
        late = order["end"] > order["due"]
        against: Body = {"feasible": not late, "constraint": "capacity" if late else "none"}
        against |= {"short_item": None, "short_quantity": None}
        if any(order.get(name) != value for name, value in against.items()):
            self._save(order | against)
            order |= against

    def _must_move(self, order: Body) -> bool:
        placed = (order["placed_quantity"], order["placed_due"])
        moved = placed != (order["quantity"], order["due"])
        return moved and order["start"] > self.now + FROZEN

    def _find_place(self, order: Body) -> None:
        chance, minute = self.chance("place", order["reference"]), self._minute
        free = self._machines_free(order)
        start = self.now + chance.uniform(20, 35) * minute
        first = None
        for number in OPERATIONS:
            machine = min(PLANTS[order["location"]].machines[number], key=lambda name: free.get(name, 0.0))
            length = (12 + order["quantity"] * 0.08 + chance.uniform(0, 4)) * minute
            start = self._whole(_in_open_time(order["location"], max(start, free.get(machine, 0.0)), length))
            end = self._whole(start + length)
            self._save_work(order, number, machine, start, end)
            first, start = first or start, end + 2 * minute
        order |= {
            "start": first,
            "end": end,
            "placed_quantity": order["quantity"],
            "placed_due": order["due"],
        }
        self._save(order)

    def drag(self, reference: str, minutes: float) -> None:
        """Somebody drags an order on the planning board, and publishes it as it then is."""
        with self.db.transaction():
            order = self.db.get("mo", reference)
            if order is None or order["start"] is None:
                raise LookupError(f"{self.id} has no plan of {reference}")
            for number in OPERATIONS:
                work = self.db.get("wo", f"{reference}-{number}")
                if work:
                    moved = {name: work[name] + minutes * self._minute for name in ("start", "end")}
                    self.db.put(
                        "wo", work["reference"], {**work, **moved, "lastmodified": self.now}, self.now
                    )
            order |= {name: order[name] + minutes * self._minute for name in ("start", "end")}
            self._save(order)
            self._judge(order)
            self.later("publish", 20, 40, {"reference": reference})

    @property
    def _minute(self) -> float:
        """A minute of the machines."""
        return MINUTE * self.world.pace.length

    def _whole(self, moment: float) -> float:
        """The next whole minute; the next whole second where machines are quick."""
        grain = max(1.0, self._minute // 1)
        return -(-moment // grain) * grain

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
            if work and any(work.get(name) != value for name, value in changes.items()):
                work |= {**changes, "lastmodified": self.now}
                live = work["status"] not in ("completed", "closed")
                self.db.put("wo", work["reference"], work, self.now, live=live)


def _in_open_time(plant: str, start: float, length: float) -> float:
    """The first start from a moment on at which the plant is open from beginning to end."""
    start = opens_at(plant, start)
    return opens_at(plant, start + length) if is_shut(plant, start + length) else start


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
        "feasible": None,
        "constraint": None,
        "short_item": None,
        "short_quantity": None,
    }


def _dispatched(work: Body) -> Body:
    return {
        "operation": work["operation"],
        "resource": work["resource"],
        "planned_start": work["start"],
        "planned_end": work["end"],
    }
