"""One failure group: what is in it, what sending it again would mean, and having it sent again."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, flash, request

from controltower.domain.delivery import DEAD
from controltower.domain.rehearsal import SAFE, VERDICTS, Selection
from controltower.pipeline.rehearse import rehearse, rehearsed
from controltower.pipeline.reprocess import reprocess_messages
from controltower.pipeline.resubmit import NotPossible, Stale, discard
from controltower.pipeline.runs import begin
from controltower.store import audit, outbox, outflow
from controltower.store import resubmission as runs
from controltower.store.message import Message
from controltower.store.resubmission import Run
from controltower.web import failures, hx, outgoing, targets
from controltower.web.failures import Failure
from controltower.web.format import count, titled
from controltower.web.login import who
from controltower.web.scope import current_scope, link
from controltower.web.security import roles
from controltower.web.tower import close_reading, now, reading, tower, writing

bp = Blueprint("failure", __name__)
PER_PAGE = 50
RUNS_LOOKED_AT = 100
MOST_AT_ONCE = 500  # messages that one click reads again
MOST_DISCARDED = 10_000
FINGERPRINT = re.compile(r"[0-9a-f]{16}")
# verdict -> (words, tone, what it means)
VERDICT_WORDS: dict[str, tuple[str, str, str]] = {
    "safe": ("safe", "ok", "the target has been told nothing newer, and holds nothing newer"),
    "superseded": ("superseded", "warn", "sending them would tell old news"),
    "blocked": ("blocked", "wait", "nothing can reach the target now, or something must go first"),
    "delivered": ("already delivered", "idle", "the target has it already"),
}


def selection_of(group: str) -> Selection:
    """The dead letters of a group at the plant in scope."""
    plant = current_scope().plant
    return Selection(group=group, plants=(plant,) if plant else ())


@bp.get("/failures/<group>")
def show(group: str) -> Response:
    """One group: of dead letters, of messages that could not be read, or one of which nothing is left."""
    if not FINGERPRINT.fullmatch(group):
        abort(404)
    if request.args.get("rehearse"):
        return rehearsal(group)
    found = failures.going_out(group)
    if found:
        return dead_letters(found[0])
    alike = [each for each in failures.parked() if failures.parked_group(each) == group]
    if alike:
        return unreadable(failures.parked_failure(group, alike), alike)
    return hx.page("failure.html", failure=None, runs=runs_of(group), group=group)


def dead_letters(found: Failure) -> Response:
    """The deliveries of a group, newest first, or those with one verdict."""
    verdict, before = request.args.get("verdict", ""), request.args.get("before", "")
    mark = int(before) if before.isdigit() else None
    if verdict in VERDICTS:
        after = int(request.args["after"]) if request.args.get("after", "").isdigit() else None
        judged = rehearsed(tower(), selection_of(found.id), verdict, after, PER_PAGE + 1)
    else:
        plants = selection_of(found.id).plants
        listed = outbox.listing(
            reading(), states=(DEAD,), group=found.id, plants=plants, before=mark, limit=PER_PAGE + 1
        )
        judged = [(each, None) for each in listed]  # type: ignore[misc]
    shown = judged[:PER_PAGE]
    return hx.page(
        "failure.html",
        block="live",
        failure=found,
        group=found.id,
        advice=outgoing.ADVICE.get(found.error, ""),
        judged=shown,
        verdict=verdict,
        words=VERDICT_WORDS,
        next=shown[-1][0].id if len(judged) > PER_PAGE else None,
        name_of=outgoing.name_of,
        gate=targets.gate_of(found.system),
        gates=targets.STATES,
        runs=runs_of(found.id),
    )


def rehearsal(group: str) -> Response:
    """What sending the group again would mean; asked for by the page once it is there, for it may take a second."""
    close_reading()
    found = rehearse(tower(), selection_of(group))
    return hx.page(
        "rehearsal.html", block="rehearsal", rehearsal=found, group=group, words=VERDICT_WORDS, safe=SAFE
    )


def runs_of(group: str) -> list[Run]:
    """The latest resubmissions of a group, newest first."""
    found = runs.listing(reading(), limit=RUNS_LOOKED_AT)
    groups = outflow.groups_of(reading(), [each.id for each in found])
    return [each for each in found if groups.get(each.id) == group]


def unreadable(found: Failure, alike: list[Message]) -> Response:
    """The messages that could not be read for the same reason."""
    return hx.page(
        "unreadable.html",
        failure=found,
        messages=alike[:PER_PAGE],
        more=len(alike) - PER_PAGE,
        at_once=min(len(alike), MOST_AT_ONCE),
    )


@bp.get("/failures/rehearsal")
def all_that_fits() -> Response:
    """What sending all dead letters of a system or a route again would mean, whatever they failed of."""
    chosen, verdict = selection_asked(), request.args.get("verdict", "")
    close_reading()
    after = int(request.args["after"]) if request.args.get("after", "").isdigit() else None
    judged = rehearsed(tower(), chosen, verdict if verdict in VERDICTS else "", after, PER_PAGE + 1)
    shown = judged[:PER_PAGE]
    return hx.page(
        "rehearsal.html",
        rehearsal=rehearse(tower(), chosen),
        group="",
        words=VERDICT_WORDS,
        verdict=verdict,
        judged=shown,
        next=shown[-1][0].id if len(judged) > PER_PAGE else None,
        name_of=outgoing.name_of,
        asked=asked_for(),
    )


def asked_for() -> dict[str, str]:
    """What the URL narrows the dead letters by."""
    return {name: request.args[name] for name in ("system", "route", "plant") if request.args.get(name)}


def selection_asked() -> Selection:
    """All dead letters that the URL means."""
    named = asked_for()
    plants = (named["plant"],) if "plant" in named else ()
    return Selection(target=named.get("system", ""), route=named.get("route", ""), plants=plants)


@bp.post("/failures/rehearsal")
@roles("integration")
def resubmit_all() -> Response:
    """Freeze what of all that fits may be sent, and have it sent."""
    return begun(selection_asked(), link("failure.all_that_fits", **asked_for()))


@bp.post("/failures/<group>/resubmit")
@roles("integration")
def resubmit(group: str) -> Response:
    """Freeze what of the group may be sent, and have it sent; the run's page tells how it goes."""
    return begun(selection_of(group), link("failure.show", group=group))


def begun(chosen: Selection, back: str) -> Response:
    """To the page of the run that begins, or back with the reason why none does."""
    asked = request.form
    include = [each for each in VERDICTS if each in asked.getlist("include")] or [SAFE]
    confirmed = bool(asked.get("confirm_stale"))
    close_reading()
    try:
        run = begin(tower(), chosen, who(), asked.get("reason", ""), include, confirmed)
    except (NotPossible, Stale) as trouble:
        flash(titled(str(trouble)), "warn")
        return hx.go_to(back)
    return hx.go_to(link("runs.show", id=run))


@bp.post("/failures/<group>/discard")
@roles("integration")
def give_up(group: str) -> Response:
    """Discard all dead letters of the group; they are kept, and never sent."""
    chosen = selection_of(group)
    found = outbox.listing(reading(), states=(DEAD,), group=group, plants=chosen.plants, limit=MOST_DISCARDED)
    close_reading()
    try:
        gone = discard(tower(), [each.id for each in found], who(), request.form.get("reason", ""))
    except NotPossible as trouble:
        flash(str(trouble), "warn")
        return hx.go_to(link("failure.show", group=group))
    flash(
        f"Discarded {count(gone, 'delivery', 'deliveries')}. They are kept, and the audit log says why.", "ok"
    )
    return hx.go_to(link("failures.listing"))


@bp.post("/failures/<group>/reprocess")
@roles("integration")
def reprocess(group: str) -> Response:
    """Read the messages of a group again, in place, with today's mapping."""
    alike = [each for each in failures.parked() if failures.parked_group(each) == group][:MOST_AT_ONCE]
    close_reading()
    taken = reprocess_messages(tower(), sorted(each.id for each in alike))
    with writing() as connection:
        entry = audit.Entry(now(), who(), "message.reprocess", f"group {group}", f"{taken} messages")
        audit.write_down(connection, entry)
    left = sum(1 for each in failures.parked() if failures.parked_group(each) == group)
    words = f"Read {count(taken, 'message')} again; {left} still cannot be read."
    flash(words, "warn" if left else "ok")
    return hx.go_to(link("failure.show", group=group) if left else link("failures.listing"))
