"""`/systems/<id>/outages`: planned absences that people or deployment tools declare."""

from __future__ import annotations

import datetime

import msgspec

from controltower.domain.outage import Outage
from controltower.pipeline import outages
from controltower.pipeline.answer import NotPossible
from controltower.store import outage
from controltower.web.api import access, asked
from controltower.web.api.call import call
from controltower.web.problems import ApiError
from controltower.web.tower import now, reading, tower

MAY_ACT = ("integration",)


class OutageShape(msgspec.Struct):
    """A declared outage: from when until when, why, and who said so. `id` ends it."""

    id: str
    system: str
    since: datetime.datetime
    until: datetime.datetime
    reason: str
    who: str


class Outages(msgspec.Struct):
    """Those that last or are still to come; there is one page."""

    items: list[OutageShape]
    next: str | None = None


class Declaration(msgspec.Struct, forbid_unknown_fields=True):
    """Until when a system will be away, and why; from now on unless `since` is given."""

    until: asked.Moment
    reason: asked.Words
    since: asked.Moment | None = None


@call("GET", "/systems/<system>/outages", answer=Outages, refusals=(404,))
def list_outages(system: str) -> Outages:
    """Planned outages of a system: what follows from them alarms nobody"""
    _must_be(system)
    return _planned(system)


@call(
    "POST", "/systems/<system>/outages", answer=OutageShape, body=Declaration, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def declare_outage(given: Declaration, system: str) -> OutageShape:
    """Say that a system will be away; 409 for times that make no outage"""
    _must_be(system)
    try:
        made = outages.declare(tower(), system, access.caller(), given.reason, given.until, given.since)
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return _shape(made)


@call("POST", "/systems/<system>/outages/<id>/end", answer=Outages, roles=MAY_ACT, refusals=(404,))
def end_outage(system: str, id: str) -> Outages:
    """Say that an outage is over, or will not happen; what is planned still"""
    _must_be(system)
    try:
        outages.end(
            tower(), system, int(id) if id.isascii() and id.isdigit() and len(id) < 19 else 0, access.caller()
        )
    except LookupError:
        raise ApiError(404, "Not found", "no such outage lasts or is planned") from None
    return _planned(system)


def _planned(system: str) -> Outages:
    return Outages([_shape(each) for each in outage.lasting(reading(), [system], now())])


def _must_be(system: str) -> None:
    if system not in tower().landscape.systems:
        raise ApiError(404, "Not found", "there is no system of this id")


def _shape(each: Outage) -> OutageShape:
    return OutageShape(str(each.id), each.system, each.began_at, each.until, each.reason, each.who)
