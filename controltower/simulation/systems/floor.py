"""A simulated shop floor: machines that run, stand and sometimes break, told in batches."""

from __future__ import annotations

from typing import Any

from controltower.simulation.database import Body
from controltower.simulation.inbox import Refused
from controltower.simulation.landscape import PLANTS, system_for
from controltower.simulation.plant_system import PlantSystem
from controltower.simulation.tower_end import attributes_of, pieces_in

MINUTE = 60.0
REPORT_MINUTES = 10
HOURS_BETWEEN_BREAKDOWNS = (4.0, 9.0)
BREAKDOWN_MINUTES = (5.0, 12.0)
REASONS = ("tool worn", "sensor fault", "material jam", "oil pressure low")


class Floor(PlantSystem):
    """Owns the state of one plant's machines."""

    def __init__(self, *args: Any) -> None:
        self.plant = args[0].plants[0]
        super().__init__(*args)
        self.jobs |= {"report": self._report, "break": self._break, "repair": self._repair}
        self.accept("/jobs", self._take_job)
        self.tower_end.hooks(self._take_event)

    def first_day(self) -> None:
        """All machines come up idle."""
        for name in PLANTS[self.plant].resources:
            self._save({"resource": name, "state": "idle", "count": 0, "busy": False})
            self._say(name, "up", {"state": "idle"})
        self.db.plan_job(self.now + REPORT_MINUTES * MINUTE, "report", {})
        self._plan_breakdown()

    def _plan_breakdown(self) -> None:
        low, high = HOURS_BETWEEN_BREAKDOWNS
        name = self.chance("which").choice(PLANTS[self.plant].resources)
        self.later("break", low * 3600, high * 3600, {"resource": name})

    def _report(self, _: Body) -> None:
        self.db.plan_job(self.now + REPORT_MINUTES * MINUTE, "report", {})
        for machine in self.db.listed("machine"):
            self._say(machine["resource"], "reported", {"state": machine["state"], "count": machine["count"]})

    def _break(self, body: Body) -> None:
        machine = self._machine(body["resource"])
        machine["state"] = "down"
        self._save(machine)
        reason = self.chance("reason").choice(REASONS)
        self._say(machine["resource"], "down", {"state": "down", "reason": reason})
        self._tell_mes(machine, True)
        low, high = BREAKDOWN_MINUTES
        self.later("repair", low * MINUTE, high * MINUTE, body)
        self._plan_breakdown()

    def _repair(self, body: Body) -> None:
        machine = self._machine(body["resource"])
        machine["state"] = "running" if machine["busy"] else "idle"
        self._save(machine)
        self._say(machine["resource"], "up", {"state": machine["state"]})
        self._tell_mes(machine, False)

    def _take_event(self, event: Body) -> str:
        """An operation that the MES has begun or completed, as the tower brings it."""
        held = attributes_of(event)
        machine, status = str(held.get("resource")), held.get("status")
        if self.db.get("machine", machine) is None:
            raise Refused(422, f"there is no machine {machine} here")
        count = pieces_in(held, "quantity_good") if status == "completed" else 0
        self._take_job({"resource": machine, "running": status == "running", "count": count})
        return str(event["subject"])

    def _take_job(self, sent: Body) -> None:
        machine = self._machine(sent["resource"])
        machine["busy"] = sent["running"]
        machine["count"] += sent["count"]
        if machine["state"] != "down":
            machine["state"] = "running" if sent["running"] else "idle"
        self._save(machine)

    def correct(self, kind: str, key: str, changes: Body) -> None:
        """Set what is kept of a machine by hand, and report it."""
        machine = {**self._machine(key), **changes}
        self._save(machine)
        self._say(key, "reported", {"state": machine["state"], "count": machine["count"]})

    def _tell_mes(self, machine: Body, down: bool) -> None:
        body = {"resource": machine["resource"], "down": down}
        target = system_for("mes", self.plant)
        self.tell("states-to-mes", target, "/resource-states", machine["resource"], body)

    def _machine(self, name: str) -> Body:
        found = self.db.get("machine", name)
        if found is None:
            raise LookupError(f"{self.id} has no machine {name}")
        return found

    def _save(self, machine: Body) -> None:
        self.db.put("machine", machine["resource"], machine, self.now)

    def _say(self, name: str, what: str, attributes: Body) -> None:
        self.announce(f"{self.plant}/resource/{name}", f"resource.{what}", attributes, {"native_id": name})
