"""What a MES keeps of an order, and the attributes it tells of it."""

from __future__ import annotations

from collections.abc import Collection

from controltower.simulation.database import Body
from controltower.simulation.dialects.cloudevents import local_iso


def new_job(sent: Body) -> Body:
    """A job as a first dispatch brings it; its schedule waits in `pending` until the routing is confirmed."""
    names = ("order", "item", "quantity", "due_date", "priority", "order_version")
    return {
        **{name: sent[name] for name in names},
        "status": "released",
        "revision": None,
        "pending": None,
        "material": False,
        "operations": {},
        "good": 0,
        "scrap": 0,
        "actual_start": None,
        "actual_end": None,
    }


def is_older(sent: Body, job: Body) -> bool:
    """Whether a dispatch was overtaken on its way by a later revision, or the order is over."""
    held = job["pending"]["revision"] if job["pending"] else job["revision"] or "REV-0"
    return job["status"] in ("closed", "cancelled") or int(sent["revision"][4:]) < int(held[4:])


def take_schedule(job: Body, numbers: Collection[int]) -> None:
    """Make the pending schedule the one in force for these operations, keeping what already ran."""
    sent = job["pending"]
    for planned in (each for each in sent["operations"] if each["operation"] in numbers):
        key = str(planned["operation"])
        known = job["operations"].get(key) or _new_operation()
        moved = {name: planned[name] for name in ("planned_start", "planned_end")}
        resource = planned["resource"] if known["status"] == "released" else known["resource"]
        job["operations"][key] = {**known, **moved, "resource": resource}
    job |= {"revision": sent["revision"], "pending": None}


def header(job: Body, zone: str, plan: bool = True) -> Body:
    """The order's header as the MES holds it, with the planned window when `plan`."""
    said = {
        "quantity": pieces(job["quantity"]),
        "due_date": local_iso(job["due_date"], zone),
        "priority": job["priority"],
    }
    if not plan:
        return said
    starts = [operation["planned_start"] for operation in job["operations"].values()]
    ends = [operation["planned_end"] for operation in job["operations"].values()]
    window = {"planned_start": local_iso(min(starts), zone), "planned_end": local_iso(max(ends), zone)}
    return {"status": job["status"], "item": job["item"], **said, **window}


def plan(operation: Body, zone: str) -> Body:
    """An operation's planned window."""
    return {name: local_iso(operation[name], zone) for name in ("planned_start", "planned_end")}


def counts(good: int, scrap: int) -> Body:
    """Good and scrap pieces so far."""
    return {"quantity_good": pieces(good), "quantity_scrap": pieces(scrap)}


def actuals(record: Body, zone: str) -> Body:
    """Status, counts and actual window of a completed order or operation."""
    window = {name: local_iso(record[name], zone) for name in ("actual_start", "actual_end")}
    return {"status": record["status"], **counts(record["good"], record["scrap"]), **window}


def pieces(value: int) -> Body:
    """A canonical quantity in pieces."""
    return {"value": str(value), "unit": "EA"}


def _new_operation() -> Body:
    return {"status": "released", "good": 0, "scrap": 0, "actual_start": None, "actual_end": None}
