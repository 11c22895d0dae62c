"""Everything that came in: the log of messages, and each one with what became of it."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from controltower.domain.landscape import ANY_PLANT
from controltower.domain.subject import Subject, order_of
from controltower.pipeline.reprocess import reprocess_messages
from controltower.store import audit
from controltower.store import event as events
from controltower.store import message as inbox
from controltower.store.message import Message
from controltower.web import hx, masking, sheet
from controltower.web.login import who
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope
from controltower.web.security import roles
from controltower.web.tower import now, reading, tower, writing

bp = Blueprint("messages", __name__)
NAV = NavEntry("Integration", "Messages", "messages.listing", "message")
PER_PAGE = 50
EVENTS_SHOWN = 200
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
    """Messages, newest first, fifty a page, from below the id in `before`."""
    found = page_of_messages()
    shown = found[:PER_PAGE]
    if sheet.wanted():
        return as_file(shown)
    last = shown[-1].id if len(found) > PER_PAGE else None
    stamp = (
        (shown[0].id if shown else 0, [(each.id, each.state) for each in shown]) if hx.wants_block() else None
    )
    return hx.page(
        "messages.html",
        stamp=stamp,
        messages=shown,
        states=STATES,
        next=last,
        order=request.args.get("order", ""),
    )


def page_of_messages() -> list[Message]:
    """One more than a page holds. With `order` only those that said something about that order."""
    if request.args.get("order"):
        return about_order(request.args["order"])
    scope, before = current_scope(), request.args.get("before", "")
    since = scope.since(now())
    found = inbox.listing(
        reading(),
        system=request.args.get("system", ""),
        state=request.args.get("state", ""),
        channel=request.args.get("channel", ""),
        plants=(scope.plant, ANY_PLANT) if scope.plant else (),
        before=int(before) if before.isdigit() else None,
        limit=PER_PAGE + 1,
    )
    # Messages are read from the newest down, so the period ends the list instead of searching the whole inbox.
    return list(takewhile(lambda each: since is None or each.received_at >= since, found))


def about_order(order: str) -> list[Message]:
    """The messages out of which events about an order came, newest first, at any plant in scope."""
    plant = current_scope().plant
    ids: set[int] = set()
    for each in [plant] if plant else tower().landscape.plants:
        ids.update(recorded.position.message for recorded in events.of_order(reading(), each, order))
    found = inbox.by_ids(reading(), sorted(ids, reverse=True)[:PER_PAGE])
    return sorted(found.values(), key=lambda each: each.id, reverse=True)


@bp.get("/messages/<int:id>")
def show(id: int) -> Response:
    """One message: envelope, bytes, faults, and the events it told."""
    found = inbox.get(reading(), id)
    if found is None:
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
        can_reprocess=held.state in (inbox.PARKED, inbox.PARTLY),
    )


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


def as_file(found: list[Message]) -> Response:
    columns = "id received_at system plant channel resource state events faults size delivery trace".split()
    rows = [
        (
            each.id,
            each.received_at,
            each.system,
            each.plant,
            each.channel,
            each.resource,
            each.state,
            each.events,
            "; ".join(f"{place} {words}" for _, place, words in map(fault_line, each.faults or [])),
            each.size,
            each.delivery,
            each.trace,
        )
        for each in found
    ]
    return sheet.csv_file("messages", columns, rows)
