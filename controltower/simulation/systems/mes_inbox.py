"""What a MES makes of the tower's canonical events: an order's parts are gathered until its schedule is whole."""

from __future__ import annotations

import itertools
from typing import Any

from controltower.simulation.database import Body
from controltower.simulation.inbox import Refused
from controltower.simulation.landscape import OPERATIONS
from controltower.simulation.systems import mes_events
from controltower.simulation.tower_end import attributes_of, moment_in, pieces_in

OVER = ("closed", "cancelled")
_ENDS = {"closed": "close", "cancelled": "cancel"}
NO_PRIORITY = 3  # some ERPs have none
NOT_RELEASED = ("proposed", "draft", "firm", *OVER)


class MesInbox:
    """Takes events about orders, their operations and machines in the place of the links that brought them."""

    def __init__(self, mes: Any) -> None:
        self._mes = mes
        mes.tower_end.hooks(self.take)

    def take(self, event: Body) -> str:
        """One event; what it is about. Raises Refused for what this MES cannot use."""
        plant, _, name = event["subject"].partition("/")
        if plant != self._mes.plant:
            raise Refused(422, f"plant {plant} is not served here")
        kind, _, key = name.partition("/")
        held = attributes_of(event)
        if kind == "order":
            self._order(key, held, event)
        elif kind == "operation":
            order, _, number = key.rpartition("/")
            self._operation(order, number, held)
        elif kind == "resource":
            self._mes.take_state({"resource": key, "down": held.get("state") == "down"})
        else:
            raise Refused(422, f"nothing is known of a {kind}")
        return str(event["subject"])

    def _order(self, order: str, held: Body, event: Body) -> None:
        if held.get("planned_start"):
            self._plan(order, held, event)
        elif str(held.get("material_available")).lower() == "true":
            self._mes.take_material({"order": order})
        elif held.get("status") in OVER:
            self._mes.take_change({"order": order, _ENDS[held["status"]]: True})
        else:
            self._header(order, held, event)

    def _header(self, order: str, held: Body, event: Body) -> None:
        """The ERP's word on quantity, due date and priority, be it before the schedule."""
        job = self._mes.job(order)
        if job and held.get("bom_version"):
            masters = {"bom": held["bom_version"], "routing": held.get("routing_version")}
            self._mes.take_masters({"order": order, **masters})
        if job is None:
            self._mes.keep_header(_new_job(order, held, event))
        elif job["status"] in OVER and held.get("status"):
            self._mes.reopen(job)
        else:
            self._mes.take_change(
                {"order": order, "order_version": job["order_version"] + 1, **_facts(job, held)}
            )

    def _plan(self, order: str, held: Body, event: Body) -> None:
        draft = self._draft(order)
        draft["header"] = {
            "item": held.get("item") or event["data"].get("refs", {}).get("item", ""),
            "status": held.get("status", "released"),
            "quantity": pieces_in(held, "quantity"),
            "due_date": moment_in(held, "due_date"),
            "priority": int(held.get("priority") or NO_PRIORITY),
            "planned_start": moment_in(held, "planned_start"),
            "planned_end": moment_in(held, "planned_end"),
        }
        self._gathered(order, draft)

    def _operation(self, order: str, number: str, held: Body) -> None:
        draft = self._draft(order)
        draft["operations"][number] = {
            "operation": int(number),
            "resource": held.get("resource") or "",
            "planned_start": moment_in(held, "planned_start"),
            "planned_end": moment_in(held, "planned_end"),
        }
        self._gathered(order, draft)

    def _gathered(self, order: str, draft: Body) -> None:
        """Once all parts of a schedule fit together and say something new: show it, and dispatch it when released."""
        operations = [draft["operations"].get(str(number)) for number in OPERATIONS]
        if _fits(draft["header"], operations):
            if draft["header"]["status"] in NOT_RELEASED:
                if draft["shown"] != operations:
                    draft["shown"] = operations
                    self._mes.show_plan(order, draft["header"], operations)
            elif draft["dispatched"] != operations or not self._mes.follows(order, draft["dispatched"]):
                draft |= {"dispatched": operations, "revision": draft["revision"] + 1}
                self._mes.take_dispatch(self._dispatch(order, draft, operations))
        self._mes.db.put("draft", order, draft, self._mes.now, live=False)

    def _dispatch(self, order: str, draft: Body, operations: list[Any]) -> Body:
        header, job = draft["header"], self._mes.job(order)
        names = ("item", "quantity", "due_date", "priority")
        return {
            "order": order,
            "plant": self._mes.plant,
            **{name: header[name] for name in names},
            "order_version": job["order_version"] if job else 0,
            "revision": f"REV-{draft['revision']}",
            "operations": operations,
        }

    def _draft(self, order: str) -> Body:
        blank: Body = {"header": None, "operations": {}, "shown": None, "dispatched": None, "revision": 0}
        return self._mes.db.get("draft", order) or blank


def _fits(header: Body | None, operations: list[Any]) -> bool:
    """Whether an order's window is filled by its operations, one after the other."""
    if header is None or header["status"] in OVER or not all(operations):
        return False
    pairs = itertools.pairwise(operations)
    in_turn = all(one["planned_end"] <= other["planned_start"] for one, other in pairs)
    starts, ends = operations[0]["planned_start"], operations[-1]["planned_end"]
    return in_turn and (starts, ends) == (header["planned_start"], header["planned_end"])


def _facts(known: Body, held: Body) -> Body:
    """What a header event says anew, else what is known."""
    return {
        "quantity": pieces_in(held, "quantity") if "quantity" in held else known["quantity"],
        "due_date": moment_in(held, "due_date") if "due_date" in held else known["due_date"],
        "priority": int(held.get("priority") or known["priority"]),
    }


def _new_job(order: str, held: Body, event: Body) -> Body:
    item = held.get("item") or event["data"].get("refs", {}).get("item", "")
    blank: Body = {"quantity": 0, "due_date": 0.0, "priority": NO_PRIORITY}
    sent = {"order": order, "item": item, "order_version": 0, **_facts(blank, held)}
    return {**mes_events.new_job(sent), "status": "firm"}
