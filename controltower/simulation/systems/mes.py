"""A simulated MES: confirms routings, runs operations on machines, counts pieces and reports upward."""

from __future__ import annotations

from typing import Any

from controltower.simulation.database import Body
from controltower.simulation.dialects.cloudevents import local_iso
from controltower.simulation.landscape import OPERATIONS, PLANTS, system_for
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.systems import mes_events
from controltower.simulation.systems.mes_inbox import MesInbox

MINUTE = 60.0
OVER = ("closed", "cancelled")
LONGEST_WAIT = 300.0  # virtual seconds after which a schedule that is sent again is taken as a new one


class Mes(PlantSystem):
    """Owns actual start and end and the counts of one plant's orders."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.plant = self.spec.plants[0]
        self.jobs |= {
            "acknowledge": self._acknowledge,
            "start": self._start,
            "report": self._report,
            "complete": self._complete,
        }
        self.accept("/dispatch", self.take_dispatch)
        self.accept("/order-changes", self.take_change)
        self.accept("/masters", self.take_masters)
        self.accept("/material", self.take_material)
        self.accept("/resource-states", self.take_state)
        MesInbox(self)

    # ---- from the scheduler, the ERP, the warehouse and the floor ----------------------------------------

    def job(self, order: str) -> Body | None:
        """What this MES holds of an order."""
        return self.db.get("job", order)

    def take_dispatch(self, sent: Body) -> None:
        """A schedule of an order; its routing is confirmed a little later."""
        job = self.job(sent["order"]) or self._new_job(sent)
        if mes_events.is_older(sent, job):
            return
        job["status"] = "released" if job["status"] == "firm" else job["status"]
        if job["order_version"] < sent["order_version"]:
            job |= {name: sent[name] for name in ("quantity", "due_date", "priority", "order_version")}
        job |= {"pending": sent, "pending_at": self.now}
        self._save(job)
        self.later("acknowledge", 20, 40, {"order": sent["order"], "revision": sent["revision"]})

    def _acknowledge(self, body: Body) -> None:
        job = self._job(body)
        if job["pending"] is None or job["pending"]["revision"] != body["revision"]:
            return
        if self.world.board.withholds_routing(self.id, job["order"]):
            return
        self.confirm_routing(job["order"])

    def confirm_routing(self, order: str) -> None:
        """Take the pending schedule over and say so, operation by operation."""
        with self.db.transaction():
            job = self._job({"order": order})
            if job["pending"] is None:
                return
            first = job["revision"] is None
            # Half a plan only where there is one in force already.
            half = not first and self.world.board.bends(self.id, "schedule", order)
            job["torn"] = job["pending"] if half else None
            mes_events.take_schedule(job, OPERATIONS[:1] if half else OPERATIONS)
            for number in OPERATIONS:
                self._say_operation(job, number, "acknowledged", {"routing_confirmed": True})
            self._save(job)
            self._say_order(job, "acknowledged", mes_events.header(job, self._zone) | self._masters(order))
            if first:
                self._stage(job)
            if job["status"] in ("released", "ready"):
                self._plan_start(job, 10, job["operations"]["10"]["planned_start"])

    def take_rest(self, order: str) -> None:
        """Take over what was left of a schedule that came only in part."""
        job = self._job({"order": order})
        if job.get("torn") and job["pending"] is None:
            job["pending"] = job["torn"]
            self._save(job)
            self.confirm_routing(order)

    def _new_job(self, sent: Body) -> Body:
        """A job as a first schedule brings it, with what the ERP has changed of the order on its way."""
        changed = self.db.get("early-change", sent["order"])
        names = ("quantity", "due_date", "priority", "order_version")
        return mes_events.new_job({**sent, **{name: changed[name] for name in names}} if changed else sent)

    def keep_header(self, job: Body) -> None:
        """An order that the ERP has told of before its schedule came."""
        self._save(job)
        self._say_order(job, "changed", mes_events.header(job, self._zone, plan=False))

    def show_plan(self, order: str, header: Body, operations: list[Body]) -> None:
        """The plan of an order not released yet: what is news of it is shown as it was told, and not worked by."""
        subject, refs = f"{self.plant}/{{}}/{order}", {"order": order, "item": header["item"]}
        for planned in operations:
            said = {"resource": planned["resource"], **mes_events.plan(planned, self._zone)}
            about = f"{subject.format('operation')}/{planned['operation']}"
            self._show(
                about, "operation.planned", said, {**refs, "native_id": f"{order}-{planned['operation']}"}
            )
        window = mes_events.plan(header, self._zone)
        self._show(subject.format("order"), "order.planned", window, {**refs, "native_id": order})

    def _show(self, about: str, type: str, said: Body, refs: Body) -> None:
        held = self.db.get("shown", about) or {}
        if {name: held.get(name) for name in said} != said:
            self.db.put("shown", about, said, self.now, live=False)
            self.announce(about, type, said, refs)

    def take_change(self, sent: Body) -> None:
        """A change of the order's header in the ERP, or its end."""
        job = self.job(sent["order"])
        if job is None:
            if not sent.get("close") and not sent.get("cancel"):
                self.db.put("early-change", sent["order"], sent, self.now, live=False)
            return
        if sent.get("close") or sent.get("cancel"):
            self._end(job, "closed" if sent.get("close") else "cancelled")
        elif sent["order_version"] > job["order_version"] and job["status"] not in OVER:
            changes = {name: sent[name] for name in ("quantity", "due_date", "priority")}
            job |= {**changes, "order_version": sent["order_version"]}
            self._save(job)
            if job["revision"] or job["status"] == "firm":
                self._say_order(job, "changed", mes_events.header(job, self._zone, plan=False))

    def _end(self, job: Body, status: str) -> None:
        """No more work on an order: what runs of it is stopped."""
        for number, operation in job["operations"].items():
            if status == "cancelled" and operation["status"] in ("released", "running", "held"):
                self._tell_floor(job, operation, False)
                operation["status"] = status
                self._say_operation(job, int(number), status, {})
        job["status"] = status
        self._save(job)
        self._say_order(job, status, {"status": status})

    def reopen(self, job: Body) -> None:
        """An order that was over is not: work goes on from where it stood."""
        done = all(operation["status"] == "completed" for operation in job["operations"].values())
        job["status"] = "completed" if done else "released"
        self._save(job)
        self._say_order(job, "changed", {"status": job["status"]})

    def take_masters(self, sent: Body) -> None:
        """By which bill of material and routing an order is made; told on when it is known here already."""
        self.db.put("masters", sent["order"], sent, self.now, live=False)
        job = self.job(sent["order"])
        if job and job["revision"]:
            self._say_order(job, "changed", self._masters(sent["order"]))

    def _masters(self, order: str) -> Body:
        held = self.db.get("masters", order)
        return {"bom_version": held["bom"], "routing_version": held["routing"]} if held else {}

    def follows(self, order: str, operations: list[Body]) -> bool:
        """Whether an order's plan in force, or the one that is about to be, is this one."""
        job = self.job(order)
        if job is None or job["status"] in OVER:
            return True
        waits = self.now - job.get("pending_at", self.now) < LONGEST_WAIT
        coming = job["pending"]["operations"] if job["pending"] and waits else []
        held = {str(each["operation"]): each for each in coming} or job["operations"]
        return all(
            held.get(str(each["operation"]), {}).get(name) == each[name]
            for each in operations
            for name in ("planned_start", "planned_end")
        )

    def take_material(self, sent: Body) -> None:
        """An order's material lies at the line."""
        job = self.job(sent["order"])
        if job is None or job["material"]:
            return
        job["material"] = True
        job["status"] = "ready" if job["status"] == "released" else job["status"]
        self._save(job)
        self._say_order(job, "ready", {"status": job["status"], "material_available": True})

    def take_state(self, sent: Body) -> None:
        """A machine has failed or runs again."""
        state = "down" if sent["down"] else "up"
        self.db.put("resource", sent["resource"], {"state": state}, self.now)
        before, after = ("running", "held") if sent["down"] else ("held", "running")
        for job in self.db.live("job"):
            for number, operation in job["operations"].items():
                if operation["resource"] == sent["resource"] and operation["status"] == before:
                    operation["status"] = after
                    self._save(job)
                    self._say_operation(job, int(number), "paused" if sent["down"] else "resumed", {})

    # ---- running ----------------------------------------------------------------------------------------

    def _plan_start(self, job: Body, number: int, at: float) -> None:
        body = {"order": job["order"], "operation": number, "revision": job["revision"]}
        due = max(at, self.now) + self.chance("start", body).uniform(0, 3) * self._minute
        self.db.plan_job(due, "start", body)

    def _start(self, body: Body) -> None:
        job, number = self._job(body), body["operation"]
        operation = job["operations"][str(number)]
        if job["revision"] != body["revision"] and number == OPERATIONS[0]:
            return
        if operation["status"] != "released" or job["status"] in OVER:
            return
        if not job["material"] or self._down(operation["resource"]):
            self.db.plan_job(self.now + 2 * self._minute, "start", body)
            return
        self._begin_operation(job, number, operation)

    def _begin_operation(self, job: Body, number: int, operation: Body) -> None:
        operation |= {"status": "running", "actual_start": self.stamp}
        started = {"actual_start": local_iso(self.stamp, self._zone)}
        if number == OPERATIONS[0]:
            job |= {"status": "running", "actual_start": self.stamp}
            self._say_order(job, "started", {"status": "running", **started})
        self._save(job)
        self._say_operation(job, number, "started", started)
        self._progress(job, number, "confirmed")
        self._tell_floor(job, operation, True)
        length = operation["planned_end"] - operation["planned_start"]
        needed = length * self.chance("run", job["order"], number).uniform(0.85, 1.1)
        about = {"order": job["order"], "operation": number}
        self.db.plan_job(self.now + needed / 2, "report", about)
        self.db.plan_job(self.now + needed, "complete", about)

    def _report(self, body: Body) -> None:
        job, number = self._job(body), body["operation"]
        operation = job["operations"][str(number)]
        if operation["status"] not in ("running", "held"):
            return
        operation["good"] = (job["quantity"] - job["scrap"]) // 2
        counts = mes_events.counts(operation["good"], operation["scrap"])
        self._say_operation(job, number, "reported", counts)
        if number == OPERATIONS[-1]:
            job["good"] = operation["good"]
            self._say_order(job, "reported", mes_events.counts(job["good"], job["scrap"]))
            self._confirm(job, final=False)
        self._save(job)

    def _complete(self, body: Body) -> None:
        job, number = self._job(body), body["operation"]
        operation = job["operations"][str(number)]
        if operation["status"] == "cancelled":
            return
        if operation["status"] == "held" or self._down(operation["resource"]):
            self.db.plan_job(self.now + 2 * self._minute, "complete", body)
            return
        lost = self.chance("scrap", job["order"], number).choice((0, 0, 0, 1, 2, 3))
        job["scrap"] += lost
        good = job["quantity"] - job["scrap"] - job.get("missing", 0)
        counted = {
            "order": job["order"],
            "operation": number,
            "quantity": job["quantity"],
            "good": good,
            "scrap": lost,
        }
        counted = self.world.board.kept(self.id, "count", counted)
        job["missing"] = job.get("missing", 0) + good - counted["good"]
        operation |= {name: counted[name] for name in ("good", "scrap")}
        operation |= {"status": "completed", "actual_end": self.stamp}
        self._save(job)
        self._say_operation(job, number, "completed", mes_events.actuals(operation, self._zone))
        self._progress(job, number, "completed")
        self._tell_floor(job, operation, False)
        if number == OPERATIONS[-1]:
            self._complete_order(job)
        else:
            following = number + 10
            wanted = job["operations"][str(following)]["planned_start"] - 5 * self._minute
            self._plan_start(job, following, max(self.now + self._minute, wanted))

    def _complete_order(self, job: Body) -> None:
        good = job["operations"][str(OPERATIONS[-1])]["good"]
        job |= {"status": "completed", "good": good, "actual_end": self.stamp}
        self._save(job)
        self._say_order(job, "completed", mes_events.actuals(job, self._zone))
        self._confirm(job, final=True)
        lot = {
            "order": job["order"],
            "plant": self.plant,
            "item": job["item"],
            "lot": f"L-{job['order'][3:]}",
        }
        self.tell("lots-to-quality", "quality", "/lots", job["order"], lot)

    def correct(self, kind: str, key: str, changes: Body) -> None:
        """Set what is kept of an order right by hand, and tell all of it anew; `operations` by number."""
        job = self._job({"order": key})
        for number, operation in changes.pop("operations", {}).items():
            job["operations"][number] |= operation
            told = mes_events.counts(*(job["operations"][number][name] for name in ("good", "scrap")))
            self._say_operation(job, int(number), "reported", told)
        job |= changes
        self._save(job)
        counted = mes_events.counts(job["good"], job["scrap"]) if job["good"] else {}
        said = {"status": job["status"], **mes_events.header(job, self._zone, plan=False), **counted}
        self._say_order(job, "changed", said)

    # ---- telling ----------------------------------------------------------------------------------------

    def _confirm(self, job: Body, final: bool) -> None:
        body = {"order": job["order"], "good": job["good"], "scrap": job["scrap"], "final": final}
        self.tell("confirmations-to-erp", "erp-hq", "/confirmations", job["order"], body)

    def _progress(self, job: Body, number: int, status: str) -> None:
        good = job["operations"][str(number)]["good"]
        row = {"reference": f"{job['order']}-{number}", "status": status, "quantity_completed": float(good)}
        self.tell("progress-to-aps", "aps-hq", "/api/input/workorder/", job["order"], [row], method="PATCH")

    def _stage(self, job: Body) -> None:
        body = {"order": job["order"], "plant": self.plant, "quantity": job["quantity"]}
        self.tell("staging-to-wms", system_for("wms", self.plant), "/stage", job["order"], body)

    def _tell_floor(self, job: Body, operation: Body, running: bool) -> None:
        body = {"resource": operation["resource"], "running": running, "count": operation["good"]}
        self.tell("jobs-to-floor", system_for("shopfloor", self.plant), "/jobs", job["order"], body)

    def _say_order(self, job: Body, what: str, attributes: Body) -> None:
        refs = {"order": job["order"], "item": job["item"], "native_id": job["order"]}
        if what == "acknowledged":
            refs["schedule"] = job["revision"]
        self.announce(f"{self.plant}/order/{job['order']}", f"order.{what}", attributes, refs)

    def _say_operation(self, job: Body, number: int, what: str, attributes: Body) -> None:
        operation = job["operations"][str(number)]
        if what == "acknowledged":
            attributes = {**mes_events.plan(operation, self._zone), **attributes}
        said = {"status": operation["status"], "resource": operation["resource"], **attributes}
        refs = {"order": job["order"], "item": job["item"], "native_id": f"{job['order']}-{number}"}
        self.announce(f"{self.plant}/operation/{job['order']}/{number}", f"operation.{what}", said, refs)

    @property
    def _minute(self) -> float:
        return MINUTE * self.world.pace.length

    @property
    def _zone(self) -> str:
        return PLANTS[self.plant].zone

    def _down(self, resource: str) -> bool:
        held = self.db.get("resource", resource)
        return held is not None and held["state"] == "down"

    def _job(self, body: Body) -> Body:
        job = self.job(body["order"])
        if job is None:
            raise LookupError(f"{self.id} holds no order {body['order']}")
        return job

    def _save(self, job: Body) -> None:
        self.db.put("job", job["order"], job, self.now, live=job["status"] not in OVER)
