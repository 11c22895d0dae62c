"""`/runs`: many deliveries sent again at once, how that goes, and its brake."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from controltower.domain.rehearsal import Selection
from controltower.pipeline.rehearse import rehearse
from controltower.pipeline.resubmit import NotPossible, Stale
from controltower.pipeline.runs import begin, cancel_run, go_on, pause_run
from controltower.pipeline.tower import Tower
from controltower.store import resubmission as store
from controltower.web.api import access, asked, paging
from controltower.web.api.call import call
from controltower.web.api.deliveries import LARGEST_ID, MAY_ACT, old_news, text_of
from controltower.web.problems import ApiError
from controltower.web.tower import close_reading, reading, tower

VerdictName = Literal["safe", "superseded", "blocked", "delivered"]
Verdicts = Annotated[list[VerdictName], Meta(min_length=1, max_length=4)]
State = Literal["dead", "retrying", "pending", "waiting", "cancelled", "superseded"]
MOST_IDS = 1000


def safe_alone() -> list[VerdictName]:
    """What is sent when nothing else is asked for."""
    return ["safe"]


def dead_alone() -> list[State]:
    """Which are meant when nothing else is asked for."""
    return ["dead"]


class Terms(NamedTuple):
    """How a selection is to be sent again."""

    reason: str
    dry_run: bool
    include: list[str]
    confirm_stale: bool


class Rehearsed(msgspec.Struct, tag_field="kind", tag="rehearsal"):
    """What sending them again would mean; nothing was sent."""

    total: int
    safe: int
    superseded: int
    blocked: int
    delivered: int


class Progress(msgspec.Struct, tag_field="kind", tag="run"):
    """One resubmission of many. `outcomes` counts its items: waiting, sent (on its way), delivered (taken), applied
    (shown by the target itself), failed, superseded, skipped."""

    id: str
    state: str
    what: str
    author: str
    reason: str
    include: list[str]
    confirmed: bool
    why: str
    created_at: datetime.datetime
    ended_at: datetime.datetime | None
    total: int
    sent: int
    outcomes: dict[str, int]


class Runs(msgspec.Struct):
    """Resubmissions, the newest first."""

    items: list[Progress]
    next: str | None


class ItemShape(msgspec.Struct):
    """One delivery of a run, in its place: what the rehearsal said of it, and what became of it."""

    place: int
    message: str
    system: str
    verdict: str
    outcome: str
    why: str
    new_message: str | None


class Items(msgspec.Struct):
    """The items of a run in the order in which they go."""

    items: list[ItemShape]
    next: str | None


class ItemQuery(asked.Paged, kw_only=True):
    """`outcome`: only those with this one."""

    outcome: Literal["waiting", "sent", "delivered", "applied", "failed", "superseded", "skipped", ""] = ""


class RunQuery(asked.Paged, kw_only=True):
    """Nothing but paging."""


class Begin(msgspec.Struct, forbid_unknown_fields=True):
    """Which deliveries: those named in `messages`, or all that fit the filters. `dry_run` only rehearses."""

    reason: asked.Words
    messages: Annotated[list[asked.Word], Meta(max_length=MOST_IDS)] = []
    group: asked.Word = ""
    system: asked.Word = ""
    route: asked.Word = ""
    plant: asked.Word = ""
    states: Annotated[list[State], Meta(min_length=1, max_length=6)] = msgspec.field(
        default_factory=dead_alone
    )
    dry_run: bool = False
    include: Verdicts = msgspec.field(default_factory=safe_alone)
    confirm_stale: bool = False


@call("GET", "/runs", answer=Runs, query=RunQuery)
def list_runs(query: RunQuery) -> Runs:
    """Resubmissions of many, the newest first"""
    mark = paging.read_cursor(query.cursor, tuple[int])
    found = store.listing(reading(), mark[0] if mark else None, query.limit + 1)
    shown = found[: query.limit]
    more = paging.write_cursor(shown[-1].id) if len(found) > query.limit else None
    return Runs([_shape(each) for each in shown], more)


@call(
    "POST", "/runs", answer=Rehearsed | Progress, body=Begin, roles=MAY_ACT, refusals=(409,)
)  # fmt: skip
def begin_run(given: Begin) -> Rehearsed | Progress:
    """Send many again by filter; with `dry_run` only the counts

    The set is frozen now. 409 with `facts` when old news is included and not confirmed.
    """
    ids = tuple(int(each) for each in given.messages if each.isascii() and each.isdigit() and len(each) < 19)
    if len(ids) < len(given.messages):
        raise ApiError(400, "Request not understood", "messages must hold ids of messages")
    chosen = Selection(
        ids,
        given.group,
        given.system,
        given.route,
        tuple(given.states),
        (given.plant,) if given.plant else (),
    )
    return rehearse_or_begin(
        chosen, Terms(given.reason, given.dry_run, list(given.include), given.confirm_stale)
    )


@call("GET", "/runs/<run>", answer=Progress, refusals=(404,))
def get_run(run: str) -> Progress:
    """One resubmission of many, with its outcomes as of now"""
    return _shape(_known(run))


@call("GET", "/runs/<run>/items", answer=Items, query=ItemQuery, refusals=(404,))
def list_run_items(query: ItemQuery, run: str) -> Items:
    """What became of each delivery of a run"""
    id = _known(run).id
    mark = paging.read_cursor(query.cursor, tuple[int])
    found = store.items(reading(), id, query.outcome, mark[0] if mark else 0, query.limit + 1)
    shown = found[: query.limit]
    more = paging.write_cursor(shown[-1].n) if len(found) > query.limit else None
    return Items([_item(each) for each in shown], more)


@call("POST", "/runs/<run>/pause", answer=Progress, roles=MAY_ACT, refusals=(404, 409))
def pause_one_run(run: str) -> Progress:
    """Hand no more of it over, until it goes on; 409 when it does not run"""
    return _act(run, pause_run)


@call("POST", "/runs/<run>/go-on", answer=Progress, roles=MAY_ACT, refusals=(404, 409))
def continue_run(run: str) -> Progress:
    """Let a paused run go on, from small batches; 409 when it is not paused"""
    return _act(run, go_on)


@call("POST", "/runs/<run>/cancel", answer=Progress, roles=MAY_ACT, refusals=(404, 409))
def cancel_one_run(run: str) -> Progress:
    """End it: what waits is left out, what was handed over takes its course; 409 when it has ended"""
    return _act(run, cancel_run)


def rehearse_or_begin(chosen: Selection, terms: Terms) -> Rehearsed | Progress:
    """The counts of a dry run, or the run that begins; raises 409."""
    close_reading()
    if terms.dry_run:
        found = rehearse(tower(), chosen)
        return Rehearsed(found.total, **found.counts)
    try:
        run = begin(tower(), chosen, access.caller(), terms.reason, terms.include, terms.confirm_stale)
    except Stale as stale:
        raise old_news(stale.verdict) from None
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return _shape(_known(str(run)))


def _act(run: str, verb: Callable[[Tower, int, str], store.Run]) -> Progress:
    id = _known(run).id
    close_reading()
    try:
        verb(tower(), id, access.caller())
    except NotPossible as refused:
        raise ApiError(409, "Not possible", str(refused)) from None
    return _shape(_known(run))


def _known(run: str) -> store.Run:
    number = int(run) if run.isascii() and run.isdigit() and len(run) <= 19 else LARGEST_ID
    found = store.get(reading(), number) if number < LARGEST_ID else None
    if found is None:
        raise ApiError(404, "Not found", "there is no run of this id")
    return found


def _shape(each: store.Run) -> Progress:
    return Progress(
        str(each.id), each.state, each.what, each.author, each.reason, list(each.include), each.confirmed, each.why,
        each.created_at, each.ended_at, each.total, each.sent, dict(store.progress(reading(), each.id)),
    )  # fmt: skip


def _item(each: store.Item) -> ItemShape:
    return ItemShape(
        each.n,
        str(each.delivery),
        each.target,
        each.verdict,
        each.outcome,
        each.why,
        text_of(each.new_delivery),
    )
