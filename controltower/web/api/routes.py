"""`/routes`: each way out with what waits on it and how it goes; and the switch of each target."""

from __future__ import annotations

import datetime

import msgspec

from controltower.pipeline import gates
from controltower.web import targets
from controltower.web.api import access, asked
from controltower.web.api.call import call
from controltower.web.api.deliveries import MAY_ACT
from controltower.web.problems import ApiError, Place
from controltower.web.targets import Interface, Target
from controltower.web.tower import close_reading, now, tower


class GateShape(msgspec.Struct):
    """Whether anything may pass to a target: running, paused, maintenance, asked-to-wait, circuit-open, probing or
    draining; `until` when the tower sends again by itself, where that is known."""

    system: str
    state: str
    until: datetime.datetime | None
    paused_by: str
    why: str
    last_error: str
    backlog: int
    oldest_at: datetime.datetime | None
    dead: int


class RouteShape(msgspec.Struct):
    """One route to one system. `taken_last_hour` counts at most the newest thousand; `p95_ms`: the time on the wire
    within which 95 % of the latest answers came."""

    route: str
    title: str
    source_role: str
    team: str
    gate: GateShape
    backlog: int
    oldest_at: datetime.datetime | None
    retrying: int
    unknown: int
    dead: int
    taken_last_hour: int
    p95_ms: float | None


class Routes(msgspec.Struct):
    """Every declared route to every system that it leads to; there is one page."""

    items: list[RouteShape]
    next: str | None = None


class RouteQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`plant`: only what leads to systems of a plant."""

    plant: asked.Word = ""


class Pause(msgspec.Struct, forbid_unknown_fields=True):
    """Why, and until when; without `until` until somebody resumes it."""

    reason: asked.Words
    until: asked.Moment | None = None


class Resume(msgspec.Struct, forbid_unknown_fields=True):
    """Why, if there is something to say."""

    reason: asked.Words | None = None


@call("GET", "/routes", answer=Routes, query=RouteQuery)
def list_routes(query: RouteQuery) -> Routes:
    """Every way out: state, backlog, oldest age, what was taken and how fast"""
    del query  # the plant in scope is read where the pages read it
    return Routes([_shape(target, each) for target in targets.every() for each in target.interfaces])


@call("POST", "/systems/<system>/pause", answer=GateShape, body=Pause, roles=MAY_ACT, refusals=(404,))
def pause_system(given: Pause, system: str) -> GateShape:
    """Send nothing to a system any more; its messages are kept"""
    _known(system)
    if given.until is not None and given.until <= now():
        raise ApiError(
            400, "Request not understood", "until has passed", [Place("has passed", pointer="/until")]
        )
    close_reading()
    gates.pause(tower(), system, access.caller(), given.reason, given.until)
    return _gate(_known(system))


@call("POST", "/systems/<system>/resume", answer=GateShape, body=Resume, roles=MAY_ACT, refusals=(404,))
def resume_system(given: Resume, system: str) -> GateShape:
    """Let a system run again: slowly at first, its circuit closed"""
    _known(system)
    close_reading()
    gates.resume(tower(), system, access.caller(), given.reason or "")
    return _gate(_known(system))


def _known(system: str) -> Target:
    found = targets.one(system)
    if found is None:
        raise ApiError(404, "Not found", "the tower sends to no system of this id")
    return found


def gates_by_system() -> dict[str, GateShape]:
    """The gate in front of each system that the tower sends to."""
    return {each.system.id: _gate(each) for each in targets.every()}


def _gate(target: Target) -> GateShape:
    paused = target.state == targets.PAUSED
    return GateShape(
        target.system.id, target.state, target.until, target.gate.paused_by if paused else "",
        target.gate.pause_reason if paused else "", target.gate.last_error, target.backlog, target.oldest_at,
        target.dead,
    )  # fmt: skip


def _shape(target: Target, each: Interface) -> RouteShape:
    return RouteShape(
        each.route.name, each.route.title, each.route.source, targets.team_of(each.route.name, target.system.id),
        _gate(target), each.backlog, each.oldest_at, each.retrying, each.unknown, each.dead, each.lately, each.p95,
    )  # fmt: skip
