"""`/failures`: dead letters of both ways by what they have in common, rehearsed and sent again together."""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

from controltower.web import failures
from controltower.web.api import asked, runs
from controltower.web.api.call import call
from controltower.web.api.deliveries import MAY_ACT
from controltower.web.api.runs import Progress, Rehearsed, Verdicts, safe_alone
from controltower.web.failure import selection_of
from controltower.web.problems import ApiError


class FailureQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which groups: of one direction, owner team, system, route, class of error, plant."""

    direction: Literal["in", "out", ""] = ""
    team: asked.Word = ""
    system: asked.Word = ""
    route: asked.Word = ""
    error: asked.Word = ""
    plant: asked.Word = ""


class FailureShape(msgspec.Struct):
    """One failure group. `direction` out: dead letters; in: messages that could not be read. `words`: what the newest
    one says; `breaks_at`: when the first of them breaks its promise; `trend`: failures by half hours, the last
    twelve hours; `sample`: the newest of them."""

    id: str
    direction: str
    error: str
    title: str
    words: str
    route: str
    system: str
    team: str
    number: int
    attempts: int
    first_failed_at: datetime.datetime | None
    last_failed_at: datetime.datetime | None
    breaks_at: datetime.datetime | None
    trend: list[int]
    sample: str


class Failures(msgspec.Struct):
    """Failure groups, the one that failed last first; there is one page."""

    items: list[FailureShape]
    next: str | None = None


class ResubmitGroup(msgspec.Struct, forbid_unknown_fields=True):
    """Why. `dry_run` only rehearses. `include`: the verdicts that are sent; old news only with `confirm_stale`."""

    reason: asked.Words
    dry_run: bool = False
    include: Verdicts = msgspec.field(default_factory=safe_alone)
    confirm_stale: bool = False


@call("GET", "/failures", answer=Failures, query=FailureQuery)
def list_failures(query: FailureQuery) -> Failures:
    """Failure groups by direction, owner, system, route and class of error, the one that failed last first"""
    return Failures([_shape(each) for each in failures.every() if _fits(each, query)])


@call("GET", "/failures/<group>", answer=FailureShape, refusals=(404,))
def get_failure(group: str) -> FailureShape:
    """One failure group; 404 when nothing of it is left"""
    return _known(group)


@call(
    "POST", "/failures/<group>/resubmit", answer=Rehearsed | Progress, body=ResubmitGroup, roles=MAY_ACT,
    refusals=(404, 409),
)  # fmt: skip
def resubmit_failure(given: ResubmitGroup, group: str) -> Rehearsed | Progress:
    """Send the dead letters of a group again

    With `dry_run` the counts: safe, superseded, blocked, delivered. Else the run: its set is frozen now, `/runs/<id>`
    tells how it goes. 409 with `facts` when old news is included and not confirmed.
    """
    if _known(group).direction == failures.IN:
        detail = "what could not be read is read again: POST /messages/<id>/reprocess"
        raise ApiError(409, "Not possible", detail)
    terms = runs.Terms(given.reason, given.dry_run, list(given.include), given.confirm_stale)
    return runs.rehearse_or_begin(selection_of(group), terms)


def _fits(each: failures.Failure, query: FailureQuery) -> bool:
    asked_for = (
        (query.direction, each.way),
        (query.team, each.team),
        (query.system, each.system),
        (query.route, each.route),
        (query.error, each.error),
    )
    return all(word in ("", held) for word, held in asked_for)


def _known(group: str) -> FailureShape:
    found = failures.going_out(group) if "\0" not in group and group else []
    found = found or [each for each in failures.coming_in(failures.parked()) if each.id == group]
    if not found:
        raise ApiError(404, "Not found", "nothing of such a group is left")
    return _shape(found[0])


def _shape(each: failures.Failure) -> FailureShape:
    return FailureShape(
        each.id, each.way, each.error, each.title, each.words, each.route, each.system, each.team, each.number,
        each.attempts, each.first_at, each.last_at, each.deadline, list(each.trend), str(each.sample),
    )  # fmt: skip
