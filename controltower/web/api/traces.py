"""`/traces/<id>`: a trace from the first message to the last effect, as spans."""

from __future__ import annotations

import datetime

import msgspec

from controltower.domain.subject import Subject, parse_subject
from controltower.domain.trace import is_trace
from controltower.domain.waterfall import Span, spans
from controltower.web import trails
from controltower.web.api import asked
from controltower.web.api.call import call
from controltower.web.problems import ApiError
from controltower.web.tower import reading


class TraceQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`subject`: only what concerns it, written `LYON/order/MO-1`."""

    subject: asked.Word = ""


class SpanShape(msgspec.Struct):
    """One stretch of the way, below `parent`; `end` is null while it goes on.

    `kind`: receive, record, deliver, wait, send, read-back or apply. `state`: ok, bad, warn (unsure), wait (goes on
    or only waited) or idle (superseded, cancelled, resubmitted). `milliseconds`: real time on the wire.
    """

    id: str
    parent: str
    kind: str
    system: str
    start: datetime.datetime
    end: datetime.datetime | None
    state: str
    trace: str
    words: str
    subject: str
    type: str
    attributes: list[str]
    message: str | None
    delivery: str | None
    attempt: int | None
    milliseconds: float | None


class Trace(msgspec.Struct):
    """The spans in the order of the story; `cut`: more belongs to it than one answer holds, ask by subject."""

    id: str
    spans: list[SpanShape]
    subjects: list[str]
    cut: bool


@call("GET", "/traces/<id>", answer=Trace, query=TraceQuery, refusals=(404,))
def get_trace(query: TraceQuery, id: str) -> Trace:
    """What came in, what it moved, what went out and what came of it

    Found by its deliveries, or by the message with which the tower began it.
    """
    subject = _subject(query.subject)
    found = trails.gather(reading(), id, about=subject) if is_trace(id) else None
    if found is None:
        raise ApiError(404, "Not found", "there is no trace of this id")
    cut = found.trail.cut or (subject is None and found.told < len(found.subjects))
    shown = [_span(each) for each in spans(found.trail)]
    return Trace(id, shown, [str(each) for each in found.subjects], cut)


def _subject(text: str) -> Subject | None:
    try:
        return parse_subject(text) if text else None
    except ValueError as error:
        raise asked.bad_parameter("subject", str(error)) from None


def _span(each: Span) -> SpanShape:
    return SpanShape(
        each.id, each.parent, each.kind, each.system, each.start, each.end, each.state, each.trace, each.words,
        str(each.subject or ""), each.type, list(each.attributes), _text(each.message), _text(each.delivery),
        each.attempt, each.milliseconds,
    )  # fmt: skip


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
