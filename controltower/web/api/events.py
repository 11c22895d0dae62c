"""`/events`: the canonical timeline as a feed of CloudEvents."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from flask import after_this_request, url_for
from flask.wrappers import Response

from controltower.domain.event import Position, Recorded
from controltower.domain.trace import message_span, traceparent
from controltower.domain.value import Value
from controltower.store import event
from controltower.web.api import asked, paging, shapes
from controltower.web.api.call import call
from controltower.web.tower import reading

BATCH = "application/cloudevents-batch+json"


class FeedQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`after`: the `position` of the last event that the caller has; empty for the beginning."""

    after: asked.Cursor = ""
    limit: asked.Limit = 100


class EventContent(msgspec.Struct):
    """What the event says: attributes as text, or with their unit or native words; references of the source."""

    attributes: dict[str, str | shapes.HeldValue]
    refs: dict[str, str]


class CloudEvent(msgspec.Struct, omit_defaults=True):
    """A CloudEvent 1.0. `recordedtime`: when the tower learnt of it; `position`: its place in the feed."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime.datetime
    recordedtime: datetime.datetime
    position: str
    data: EventContent
    specversion: str = msgspec.field(default_factory=lambda: "1.0")
    datacontenttype: str = msgspec.field(default_factory=lambda: "application/json")
    sequence: str = ""
    correlationid: str = ""
    traceparent: str = ""


@call(
    "GET", "/events", answer=list[CloudEvent], query=FeedQuery, media_type=BATCH,
    headers={"Link": "the address of what comes next (rel=next); ask it again when the batch is empty"},
)  # fmt: skip
def feed_events(query: FeedQuery) -> list[CloudEvent]:
    """The canonical timeline from behind a position on, as a CloudEvents batch

    Follow the Link header (rel=next). Events come in the order of the inbox; those of a message that was parked
    and read again later stand at the place of their message.
    """
    mark = paging.read_cursor(query.after, tuple[int, int], "after")
    found = event.feed(reading(), Position(*mark) if mark else Position(0, -1), query.limit)
    last = paging.write_cursor(*found[-1].position) if found else query.after
    _link_to(url_for("api.feed_events", after=last or None, limit=query.limit))
    return [_cloud_event(each) for each in found]


def _link_to(address: str) -> None:
    @after_this_request
    def linked(response: Response) -> Response:
        response.headers["Link"] = f'<{address}>; rel="next"'
        return response


def _cloud_event(recorded: Recorded) -> CloudEvent:
    said = recorded.event
    return CloudEvent(
        id=said.id,
        source=said.system,
        type=said.type,
        subject=str(said.subject),
        time=said.occurred_at,
        recordedtime=recorded.learnt_at,
        position=paging.write_cursor(*recorded.position),
        data=EventContent({name: _said(value) for name, value in said.attributes.items()}, dict(said.refs)),
        sequence="" if said.sequence is None else str(said.sequence),
        correlationid=said.correlation,
        traceparent=traceparent(recorded.trace, message_span(recorded.position.message))
        if recorded.trace
        else "",
    )


def _said(value: Value) -> Any:
    return shapes.held_value(value) if value.unit or value.native else value.text
