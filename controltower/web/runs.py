"""Resubmissions of many: how each goes, truthfully, item by item; and the brake, the pedal and the end of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, abort, flash, request

from controltower.pipeline.resubmit import NotPossible
from controltower.pipeline.runs import cancel_run, go_on, pause_run
from controltower.pipeline.tower import Tower
from controltower.store import delivery as deliveries
from controltower.store import resubmission as store
from controltower.store.resubmission import Run
from controltower.web import hx, outgoing, sheet
from controltower.web.login import who
from controltower.web.scope import link
from controltower.web.security import roles
from controltower.web.tower import close_reading, now, reading, tower

bp = Blueprint("runs", __name__)
PER_PAGE = 50
# state -> (words, tone)
STATES: dict[str, tuple[str, str]] = {
    store.RUNNING: ("running", "info"),
    store.PAUSED: ("paused", "warn"),
    store.DONE: ("done", "ok"),
    store.CANCELLED: ("cancelled", "idle"),
}
# outcome -> (words, tone, what it means): a thing sent is not a thing applied
OUTCOMES: dict[str, tuple[str, str, str]] = {
    store.APPLIED: ("applied", "ok", "the target itself shows it"),
    store.DELIVERED: ("taken", "info", "the target took it, and has not shown it yet"),
    store.SENT: ("on its way", "wait", "handed to the outbox, not taken yet"),
    store.WAITING: ("waits", "idle", "not handed over yet"),
    store.FAILED: ("failed again", "bad", "a dead letter again"),
    store.SUPERSEDED: ("superseded", "warn", "left out, or overtaken by newer news"),
    store.SKIPPED: ("left out", "idle", "blocked, already delivered, discarded, or the run was cancelled"),
}
ACTS: dict[str, tuple[Callable[[Tower, int, str], Run], str]] = {
    "pause": (pause_run, "Paused. What was handed over takes its course."),
    "go-on": (go_on, "It goes on, with small batches first."),
    "cancel": (cancel_run, "Cancelled. What waited is left out and stays a dead letter."),
}


@dataclass(frozen=True)
class Stretch:
    """One outcome's share of the bar: where it begins and how long it is, in thousandths."""

    outcome: str
    number: int
    left: float
    width: float


@bp.get("/runs")
def listing() -> Response:
    """Resubmissions, newest first."""
    before = request.args.get("before", "")
    found = store.listing(reading(), int(before) if before.isdigit() else None, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    more = shown[-1].id if len(found) > PER_PAGE else None
    return hx.page("runs.html", runs=shown, states=STATES, next=more)


@bp.get("/runs/<int:id>")
def show(id: int) -> Response:
    """One resubmission: its outcomes as a bar, and its items."""
    run = store.get(reading(), id)
    if run is None:
        abort(404)
    outcome = request.args.get("outcome", "")
    if sheet.wanted():
        return as_file(run, outcome)
    after = request.args.get("after", "")
    found = store.items(reading(), id, outcome, int(after) if after.isdigit() else 0, PER_PAGE + 1)
    shown = found[:PER_PAGE]
    counts = store.progress(reading(), id)
    return hx.page(
        "run.html",
        run=run,
        states=STATES,
        outcomes=OUTCOMES,
        outcome=outcome,
        counts=counts,
        bar=bar_of(counts, run.total),
        to_send=run.total - counts[store.SUPERSEDED] - counts[store.SKIPPED],
        items=shown,
        deliveries=deliveries.by_ids(reading(), [each.delivery for each in shown]),
        name_of=outgoing.name_of,
        next=shown[-1].n if len(found) > PER_PAGE else None,
        moving=run.state in (store.RUNNING, store.PAUSED) or store.is_under_way(reading(), id, now()),
    )


def bar_of(counts: Mapping[str, int], total: int) -> list[Stretch]:
    """The outcomes side by side, the good ones first."""
    found, left = [], 0.0
    for outcome in OUTCOMES:
        width = 1000 * counts.get(outcome, 0) / total if total else 0.0
        if width:
            found.append(Stretch(outcome, counts[outcome], round(left, 2), round(width, 2)))
        left += width
    return found


@bp.post("/runs/<int:id>/<action>")
@roles("integration")
def act(id: int, action: str) -> Response:
    """Pause a run, let it go on, or end it."""
    if action not in ACTS:
        abort(404)
    verb, words = ACTS[action]
    close_reading()
    try:
        verb(tower(), id, who())
    except LookupError:
        abort(404)
    except NotPossible as trouble:
        flash(str(trouble), "warn")
    else:
        flash(words, "ok")
    return hx.go_to(link("runs.show", id=id))


def as_file(run: Run, outcome: str) -> Response:
    """All items of a run, or those with one outcome."""
    found = store.items(reading(), run.id, outcome, limit=run.total)
    columns = "place delivery target verdict outcome why new_delivery batch".split()
    rows = [
        (
            each.n,
            each.delivery,
            each.target,
            each.verdict,
            each.outcome,
            each.why,
            each.new_delivery,
            each.batch,
        )
        for each in found
    ]
    return sheet.csv_file(f"resubmission-{run.id}", columns, rows)
