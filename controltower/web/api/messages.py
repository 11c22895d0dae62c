"""`/messages`: all that came in and goes out, what became of it, and reading a parked one again."""

from __future__ import annotations

import base64
import datetime
from typing import Any, Literal

import msgspec

from controltower.pipeline.reprocess import reprocess_messages
from controltower.store import audit, event, message
from controltower.store.message import Payload
from controltower.web import log, masking
from controltower.web.api import access, asked, deliveries, paging, shapes
from controltower.web.api.call import call
from controltower.web.problems import ApiError
from controltower.web.tower import now, reading, tower, writing

MessageState = Literal[
    "received", "recorded", "parked", "partly", "rejected", "duplicate", "conflict", "waiting", "pending", "sending",
    "retrying", "unknown", "delivered", "applied", "dead", "superseded", "cancelled", "resubmitted", "faulty", "open",
    "",
]  # fmt: skip


class MessageQuery(asked.Paged, kw_only=True):
    """`state` faulty means any that somebody has to mend, open any that is still under way. `system` is the sender of
    what came in, the target of what goes out. `order`: what is about an order, at `plant` or any. `q`: a text that
    the content holds, as it is written; such a page may end early: ask on while there is a `next`. `from` (included)
    and `to` (not) are times of arrival, or of the reason to send."""

    direction: Literal["in", "out", ""] = ""
    system: asked.Word = ""
    channel: Literal["hook", "poll", ""] = ""
    state: MessageState = ""
    plant: asked.Word = ""
    order: asked.Word = ""
    q: asked.Word = ""
    since: asked.Moment | None = msgspec.field(default=None, name="from")
    until: asked.Moment | None = msgspec.field(default=None, name="to")


class FaultShape(msgspec.Struct):
    """Why one element of a message cannot be used; `pointer` (RFC 6901) is the exact place."""

    element: int
    pointer: str
    message: str


class Message(msgspec.Struct, tag_field="direction", tag="in"):
    """One envelope that came in. `original`: the message of which this is a second delivery."""

    id: str
    system: str
    plant: str
    channel: str
    resource: str
    state: str
    received_at: datetime.datetime
    content_type: str
    delivery: str
    size: int
    elements: int
    duplicate_elements: list[int]
    original: str | None
    events: int
    faults: list[FaultShape]
    trace: str


class Messages(msgspec.Struct):
    """Messages of both ways, the newest first."""

    items: list[Message | deliveries.OutgoingMessage]
    next: str | None


class Body(msgspec.Struct):
    """A payload: text (JSON indented, secrets masked), or base64 of bytes that are no text."""

    encoding: Literal["text", "base64"]
    content: str
    truncated: bool


class MessageDetail(msgspec.Struct, tag_field="direction", tag="in"):
    """One envelope with its headers (secrets masked), its body, and the events that came out of it."""

    message: Message
    headers: dict[str, str]
    body: Body
    events: list[shapes.EventShape]


@call("GET", "/messages", answer=Messages, query=MessageQuery)
def list_messages(query: MessageQuery) -> Messages:
    """Messages of both ways by system, state, order, content and time, the newest first"""
    mark = paging.read_cursor(query.cursor, tuple[int])
    shown, following = log.page(
        log.Asked(
            way=query.direction, system=query.system, state=query.state, channel=query.channel, plant=query.plant,
            order=query.order, text=query.q, since=query.since, until=query.until, before=mark[0] if mark else None,
        ),
        query.limit,
    )  # fmt: skip
    return Messages([_entry(each) for each in shown], paging.write_cursor(following) if following else None)


def _entry(each: log.Entry) -> Message | deliveries.OutgoingMessage:
    if each.delivery is not None:
        return deliveries.shape(each.delivery)
    assert each.message is not None
    return _message(each.message)


@call(
    "GET", "/messages/<id>", answer=MessageDetail | deliveries.OutgoingDetail, roles=("planner", "integration"),
    refusals=(404,),
)  # fmt: skip
def get_message(id: str) -> MessageDetail | deliveries.OutgoingDetail:
    """One message of either way: envelope and events, or content and attempts"""
    sent = deliveries.find(id)
    if sent is not None:
        return deliveries.detail(sent)
    found, payload = _known(id)
    told = event.of_message(reading(), found.id)
    headers = dict(masking.masked_headers(payload.headers))
    return MessageDetail(
        _message(found), headers, _body(payload), [shapes.event_shape(each) for each in told]
    )


@call("POST", "/messages/<id>/reprocess", answer=Message, roles=("integration",), refusals=(404, 409))
def reprocess_message(id: str) -> Message:
    """Read a parked message again, in place, with today's mapping

    Answers the message as it is afterwards: recorded, or parked still with the faults that are left.
    409 when the message is not parked.
    """
    found, _ = _known(id)
    if not reprocess_messages(tower(), [found.id]):
        raise ApiError(409, "Not parked", f"the message is {found.state}; only parked ones are read again")
    with writing() as connection:
        audit.write_down(connection, audit.Entry(now(), access.caller(), "message.reprocess", id))
    return _message(_known(id)[0])


def _known(id: str) -> tuple[message.Message, Payload]:
    number = int(id) if id.isascii() and id.isdigit() and len(id) <= 19 else deliveries.LARGEST_ID
    found = message.get(reading(), number) if number < deliveries.LARGEST_ID else None
    if found is None:
        raise ApiError(404, "Not found", "there is no message of this id")
    return found


def _message(each: message.Message) -> Message:
    return Message(
        str(each.id), each.system, each.plant, each.channel, each.resource, each.state, each.received_at,
        each.content_type, each.delivery, each.size, each.elements, each.duplicates or [],
        None if each.original is None else str(each.original), each.events,
        [_fault(fault) for fault in each.faults or []], each.trace,
    )  # fmt: skip


def _fault(fault: dict[str, Any]) -> FaultShape:
    return FaultShape(fault.get("element", 0), fault.get("pointer", ""), fault.get("message", ""))


def _body(payload: Payload) -> Body:
    try:
        payload.body.decode()
    except UnicodeDecodeError:
        return Body("base64", base64.b64encode(payload.body).decode(), False)
    lines, cut = masking.lines(payload.body)
    return Body("text", "\n".join(line.text for line in lines), cut)
