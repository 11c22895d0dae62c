"""The log of all that came in and went out, and each message that came in with what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from controltower.domain.event import Recorded
from controltower.domain.subject import Subject, order_of
from controltower.pipeline.reprocess import reprocess_messages
from controltower.store import audit
from controltower.store import delivery as deliveries
from controltower.store import event as events
from controltower.store import message as inbox
from controltower.store.message import Message
from controltower.web import hx, log, masking, outgoing, sheet, waterfall
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope
from controltower.web.security import roles
from controltower.web.tower import now, reading, tower, writing

bp = Blueprint("messages", __name__)
NAV = NavEntry("Integration", "Messages", "messages.listing", "message")
PER_PAGE = 50
EVENTS_SHOWN = 200
LARGEST_ID = 2**63
# state -> (words, tone): what a state means to the one who must act
STATES: dict[str, tuple[str, str]] = {
    inbox.RECEIVED: ("waiting", "wait"),
    inbox.RECORDED: ("recorded", "ok"),
    inbox.DUPLICATE: ("duplicate", "idle"),
    inbox.PARKED: ("parked", "bad"),
    inbox.PARTLY: ("partly parked", "warn"),
    inbox.REJECTED: ("rejected", "bad"),
}


@bp.get("/messages")
def listing() -> Response:
    """Messages of both ways, newest first, fifty a page, from below the id in `before`."""
    shown, following = log.page(asked(), PER_PAGE)
    if sheet.wanted():
        return as_file(shown)
    return hx.page(
        "messages.html",
        stamp=[(each.id, each.state) for each in shown] if hx.wants_block() else None,
        entries=shown,
        states=STATES,
        out_states=outgoing.STATES,
        state_of=outgoing.state_of,
        name_of=outgoing.name_of,
        title_of=outgoing.title_of,
        next=following,
        filtered=any(request.args.get(name) for name in FILTERS),
    )


FILTERS = ("way", "system", "state", "channel", "order", "q")


def asked() -> log.Asked:
    """What the URL asks the log for."""
    held, before, scope = request.args, request.args.get("before", ""), current_scope()
    return log.Asked(
        way=held.get("way", ""),
        system=held.get("system", ""),
        state=held.get("state", ""),
        channel=held.get("channel", ""),
        plant=scope.plant or "",
        order=held.get("order", "").strip(),
        text=held.get("q", "").strip(),
        # An order's whole story is asked for, whenever it was.
        since=None if held.get("order") else scope.since(now()),
        before=int(before) if before.isdigit() else None,
    )


@bp.get("/messages/<int:id>")
def show(id: int) -> Response:
    """One message: envelope, bytes, faults, and the events it told; what went out has its own page."""
    found = inbox.get(reading(), id) if id < LARGEST_ID else None
    if found is None:
        if id < LARGEST_ID and deliveries.get(reading(), id):
            return hx.go_to(url_for("deliveries.show", id=id))
        abort(404)
    held, payload = found
    lines, cut = masking.lines(payload.body, held.faults or [])
    told = events.of_message(reading(), id, EVENTS_SHOWN)
    return hx.page(
        "message.html",
        message=held,
        headers=masking.masked_headers(payload.headers),
        lines=lines,
        cut=cut,
        told=told,
        states=STATES,
        faults=[fault_line(each) for each in held.faults or []],
        order_of=order_page,
        fall=waterfall.of_trace(trace_of(held, told), message=id),
        can_reprocess=held.state in (inbox.PARKED, inbox.PARTLY),
    )


def trace_of(held: Message, told: Sequence[Recorded]) -> str:
    """The trace that the page shows: the message's own, or that of its first event where all bring their own."""
    traces = [each.trace for each in told]
    return held.trace if held.trace in traces or not traces else traces[0]


def fault_line(fault: dict[str, Any]) -> tuple[str, str, str]:
    """(which element, the place in it, what is wrong)"""
    element = fault.get("element")
    return (
        f"element {element}" if element is not None else "",
        str(fault.get("pointer") or "/"),
        str(fault.get("message", "")),
    )


def order_page(subject: Subject) -> str:
    """The page of the order that a subject belongs to; empty for other subjects."""
    order = order_of(subject)
    return url_for("order.show", plant=subject.plant, order=order) if order else ""


@bp.get("/messages/<int:id>/raw")
@roles("integration")
def raw(id: int) -> Response:
    """The bytes as they came, for the integration desk; noted in the audit log, for nothing is masked."""
    found = inbox.get(reading(), id)
    if found is None:
        abort(404)
    with writing() as connection:
        audit.write_down(connection, audit.Entry(now(), who(), "message.raw", str(id)))
    response = Response(found[1].body, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="message-{id}.bin"'
    return hx.no_store(response)


@bp.post("/messages/<int:id>/reprocess")
@roles("integration")
def reprocess(id: int) -> Response:
    """Translate a parked message again with today's mapping; the answer says what came of it."""
    taken = reprocess_messages(tower(), [id])
    with writing() as connection:
        audit.write_down(connection, audit.Entry(now(), who(), "message.reprocess", str(id)))
    found = inbox.get(reading(), id)
    state = STATES[found[0].state][0] if found else "gone"
    flash(
        f"Translated again: now {state}." if taken else "It is not parked any more.",
        "ok" if taken else "info",
    )
    return hx.go_to(url_for("messages.show", id=id))


def as_file(found: list[log.Entry]) -> Response:
    columns = (
        "id direction at system plant by state events_or_attempts problem size key trace subject".split()
    )
    return sheet.csv_file("messages", columns, [row_of(each) for each in found])


def row_of(entry: log.Entry) -> tuple[Any, ...]:
    """One line of the file: a message that came in, or a delivery."""
    each, out = entry.message, entry.delivery
    if out is not None:
        return (
            out.id, entry.way, out.created_at, out.target, out.subject.plant, out.route, out.state, out.attempts,
            out.words, "", out.key, out.trace, out.subject.name,
        )  # fmt: skip
    assert each is not None
    faults = "; ".join(f"{place} {words}" for _, place, words in map(fault_line, each.faults or []))
    return (
        each.id, entry.way, each.received_at, each.system, each.plant,
        f"{each.channel} {each.resource}".strip(), each.state, each.events, faults, each.size, each.delivery,
        each.trace, "",
    )  # fmt: skip
