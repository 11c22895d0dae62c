"""`/exceptions`: what somebody must look at, and what people do about it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from controltower.domain.exception import Case
from controltower.pipeline import answer, remedies
from controltower.pipeline.promises import promises
from controltower.store import case, kinship
from controltower.web import handling
from controltower.web.api import access, asked, paging, shapes
from controltower.web.api.call import call
from controltower.web.problems import ApiError
from controltower.web.tower import reading, tower

MAY_ACT = ("planner", "integration")


class ExceptionQuery(asked.Paged, kw_only=True):
    """Which exceptions: in one state, and of a rule, a team, a plant, a severity, a system where these are named.

    Those that count, unless told otherwise: `all` lists consequences and what planned outages explain too, `parent` the
    consequences of one exception, `suppressed` what is explained."""

    state: Literal["open", "resolved"] = "open"
    rule: asked.Word = ""
    team: asked.Word = ""
    plant: asked.Word = ""
    severity: asked.Word = ""
    system: asked.Word = ""
    parent: asked.Word = ""
    all: Literal["true", "false"] = "false"
    suppressed: Literal["true", "false"] = "false"


class ActionShape(msgspec.Struct):
    """What one person (or key) did about an exception."""

    at: datetime.datetime
    who: str
    action: str
    detail: str


class RemedyShape(msgspec.Struct):
    """The suggested action: a verb, what it takes, and what its button says; `hand-over` asks a person."""

    verb: str
    title: str
    arguments: dict[str, str]


class RemedyDone(msgspec.Struct):
    """What the action did, in words."""

    verb: str
    words: str


class Children(msgspec.Struct):
    """How many consequences an exception has, and how many of them are open."""

    count: int
    open: int


class Suppression(msgspec.Struct):
    """What explains an exception, and until when nobody is alarmed by it."""

    by: str
    until: datetime.datetime


class ExceptionShape(msgspec.Struct):
    """One exception: what, whose, how grave (A stops production, B delays, C is a nuisance), why, and what to do.

    `counts`: somebody is to be alarmed; false for the consequence of another one (`parent`), and while a planned outage
    explains it (`suppressed`). `stands_since`: from when its promises count. `returns`: how often it came back."""

    id: str
    rule: str
    title: str
    state: str
    severity: str
    subject: str | None
    plant: str | None
    system: str
    team: str
    tier: str
    opened_at: datetime.datetime
    acknowledge_by: datetime.datetime | None
    resolve_by: datetime.datetime | None
    cause: str
    why: str
    action: str
    evidence: list[shapes.Evidence]
    sightings: int
    last_at: datetime.datetime | None
    resolved_at: datetime.datetime | None
    resolution: str
    cause_code: str
    remedy: RemedyShape
    impact: dict[str, Any]
    parent: str | None
    children: Children
    suppressed: Suppression | None
    counts: bool
    stands_since: datetime.datetime
    remark: str
    returns: int
    assigned_to: str
    acknowledged_at: datetime.datetime | None
    seconds_to_acknowledge: float | None
    seconds_to_resolve: float | None
    history: list[ActionShape]


class Exceptions(msgspec.Struct):
    """Exceptions, the newest first."""

    items: list[ExceptionShape]
    next: str | None


class Remark(msgspec.Struct, forbid_unknown_fields=True):
    """An acknowledgement may carry a comment."""

    comment: asked.Words | None = None


class Assignment(msgspec.Struct, forbid_unknown_fields=True):
    """To whom: a person or a team."""

    to: asked.Words


class Comment(msgspec.Struct, forbid_unknown_fields=True):
    """What one has to say."""

    text: asked.Words


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why, in a few words, for those who meet the like of it later."""

    reason: asked.Words


@call("GET", "/exceptions", answer=Exceptions, query=ExceptionQuery)
def list_exceptions(query: ExceptionQuery) -> Exceptions:
    """Exceptions by state, rule, team and plant, the newest first"""
    found = case.listing(
        reading(), state=query.state, rule=query.rule, team=query.team, plant=query.plant,
        severity=query.severity, system=query.system, parent=query.parent, standing=_standing(query),
        after=paging.mark_of(query.cursor), limit=query.limit + 1,
    )  # fmt: skip
    shown = found[: query.limit]
    ids = [each.id for each in shown]
    histories = case.latest_actions(reading(), ids) if shown else {}
    numbers = kinship.child_numbers(reading(), ids) if shown else {}
    more = paging.write_cursor(shown[-1].opened_at, shown[-1].id) if len(found) > query.limit else None
    return Exceptions([_shape(each, histories.get(each.id, []), numbers) for each in shown], more)


def _standing(query: ExceptionQuery) -> str:
    if query.suppressed == "true":
        return case.SUPPRESSED
    return case.ALL if query.all == "true" or query.parent else case.COUNTING


@call("GET", "/exceptions/<id>", answer=ExceptionShape, refusals=(404,))
def get_exception(id: str) -> ExceptionShape:
    """One exception with its evidence and its history"""
    return _known(id)


@call(
    "POST", "/exceptions/<id>/acknowledge", answer=ExceptionShape, body=Remark, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def acknowledge_exception(given: Remark, id: str) -> ExceptionShape:
    """Say that somebody looks at it"""
    return _act(id, answer.ACKNOWLEDGE, given.comment or "")


@call(
    "POST", "/exceptions/<id>/assign", answer=ExceptionShape, body=Assignment, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def assign_exception(given: Assignment, id: str) -> ExceptionShape:
    """Hand it to a person or a team"""
    return _act(id, answer.ASSIGN, given.to)


@call(
    "POST", "/exceptions/<id>/comment", answer=ExceptionShape, body=Comment, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def comment_exception(given: Comment, id: str) -> ExceptionShape:
    """Add to its history"""
    return _act(id, answer.COMMENT, given.text)


@call(
    "POST", "/exceptions/<id>/resolve", answer=ExceptionShape, body=Reason, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def resolve_exception(given: Reason, id: str) -> ExceptionShape:
    """Close it by hand; 409 when it is closed already"""
    return _act(id, answer.RESOLVE, given.reason)


@call(
    "POST", "/exceptions/<id>/reopen", answer=ExceptionShape, body=Reason, roles=MAY_ACT, refusals=(404, 409)
)
def reopen_exception(given: Reason, id: str) -> ExceptionShape:
    """Open it again; 409 when it is still open"""
    return _act(id, answer.REOPEN, given.reason)


@call(
    "POST", "/exceptions/<id>/remedy", answer=RemedyDone, body=Reason, roles=MAY_ACT, refusals=(404, 409)
)  # fmt: skip
def do_remedy(given: Reason, id: str) -> RemedyDone:
    """Do what the exception suggests; 409 says why that is not possible now"""
    if "\0" in id:
        raise _unknown()
    try:
        verb, words = remedies.do(tower(), id, access.caller(), given.reason)
    except LookupError:
        raise _unknown() from None
    except answer.NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return RemedyDone(verb, words)


def _act(id: str, action: str, detail: str) -> ExceptionShape:
    if "\0" in id:
        raise _unknown()
    try:
        answer.act(tower(), id, access.caller(), action, detail)
    except LookupError:
        raise _unknown() from None
    except answer.NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return _known(id)


def _unknown() -> ApiError:
    return ApiError(404, "Not found", "there is no exception of this id")


def _known(id: str) -> ExceptionShape:
    found = case.get(reading(), id) if "\0" not in id else None
    if found is None:
        raise _unknown()
    return _shape(found, case.actions(reading(), id), kinship.child_numbers(reading(), [id]))


def _shape(each: Case, actions: list[case.Action], numbers: Mapping[str, tuple[int, int]]) -> ExceptionShape:
    handled = handling.of(each, actions)
    terms = promises(each, actions, tower().landscape)
    return ExceptionShape(
        each.id, each.rule, each.title, each.state, each.severity, str(each.subject) if each.subject else None,
        each.subject.plant if each.subject else None, each.system, each.team, each.tier, each.opened_at,
        terms.acknowledge_by if terms else None, terms.resolve_by if terms else None, each.cause, each.why, each.action,
        shapes.evidence_shapes(each.evidence), each.sightings, each.last_at, each.resolved_at, each.resolution,
        each.cause_code,
        RemedyShape(each.remedy.verb, remedies.title(each.remedy, tower().landscape), dict(each.remedy.arguments)),
        dict(each.impact), each.parent or None, Children(*numbers.get(each.id, (0, 0))), _suppression(each),
        each.counts, each.stands_since, each.remark, each.returns, handled.assigned_to, handled.acknowledged_at,
        handled.seconds_to_acknowledge, handled.seconds_to_resolve,
        [ActionShape(one.at, one.who, one.action, one.detail) for one in actions],
    )  # fmt: skip


def _suppression(each: Case) -> Suppression | None:
    return Suppression(each.suppressed_by, each.suppressed_until) if each.suppressed_until else None
