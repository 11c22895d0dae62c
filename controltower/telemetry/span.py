"""What a step of the pipeline is as a span: names, kinds, attributes and links of OpenTelemetry's conventions for
messaging, without its library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from controltower.domain.delivery import Delivery
from controltower.domain.event import Recorded
from controltower.domain.subject import Subject, order_of
from controltower.domain.trace import carried, delivery_span, message_span, span_of
from controltower.pipeline.arrival import Arrival, Receipt
from controltower.pipeline.translation import Translated
from controltower.store.attempt import READ_BACK, Attempt
from controltower.store.message import Message

CONSUMER, PRODUCER, CLIENT = "CONSUMER", "PRODUCER", "CLIENT"
# What messaging.system names: the tower itself is the broker.
SYSTEM = "controltower"
# An operation's name -> its type, where the conventions know it by another word.
_TYPES = {"read-back": "settle", "apply": "settle"}
_ANSWERED = ("delivered", "there", "absent")


class Place(NamedTuple):
    """A span's place: trace id and span id, in hex."""

    trace: str
    span: str


class Span(NamedTuple):
    """One span to be told. `operation` and `destination` make its name. Times are the tower's clock; `until` None: it
    ended when it is told, `seconds` after its beginning where those are known."""

    kind: str
    operation: str
    destination: str
    at: Place
    parent: Place | None
    links: Sequence[Place]
    since: datetime | None
    seconds: float | None
    attributes: dict[str, str | int]
    error: str = ""
    words: str = ""


def of_webhook(arrival: Arrival, receipt: Receipt) -> Span:
    """A webhook was stored. It was pushed to us: the sender's own call is its parent, and its link."""
    envelope = arrival.envelope
    sender = Place(*carried(envelope.headers.get("traceparent", "")))
    above = sender if sender.trace == receipt.trace else None
    attributes = _messaging("receive", arrival.system) | {
        "messaging.message.id": arrival.delivery or str(receipt.message),
        "messaging.message.body.size": len(envelope.body),
        "messaging.batch.message_count": len(arrival.identities or ()) or 1,
        "controltower.message": str(receipt.message),
    }
    at = Place(receipt.trace, message_span(receipt.message))
    error = "invalid" if arrival.faults else ""
    links = [above] if above else []
    return Span(
        CONSUMER, "receive", arrival.system, at, above, links, envelope.received_at, None, attributes, error
    )


def of_poll(kept: Message) -> Span:
    """What a poll brought was stored."""
    attributes = _messaging("receive", kept.system) | {
        "messaging.destination.template": kept.resource,
        "messaging.message.body.size": kept.size,
        "controltower.message": str(kept.id),
    }
    at = Place(kept.trace, message_span(kept.id))
    return Span(CLIENT, "receive", kept.system, at, None, [], kept.received_at, None, attributes)


def of_record(each: Translated, seconds: float) -> Iterator[Span]:
    """What the events of a message moved, one span for each trace of theirs.

    Where they bring a trace apart from their message's, the message is a link and no parent, as for every batch."""
    held = each.message
    came = Place(held.trace, message_span(held.id))
    traces: dict[str, list[Recorded]] = {} if each.events else {held.trace: []}
    for recorded in each.events:
        traces.setdefault(recorded.trace, []).append(recorded)
    for trace, events in traces.items():
        attributes = _messaging("process", held.system) | {
            "messaging.message.id": held.delivery or str(held.id),
            "messaging.batch.message_count": len(events),
            "controltower.message": str(held.id),
        }
        if events:
            attributes |= _about(events[0].event.type, events[0].event.subject)
        yield Span(
            CONSUMER, "process", held.system, Place(trace, _process_span(held.id, trace)),
            came if trace == held.trace else None, [came], None, seconds, attributes,
            "unreadable" if each.faults else "",
        )  # fmt: skip


def of_creation(each: Delivery) -> Span:
    """An outgoing message was made: its creation context is what every attempt carries, and what they link to."""
    made_of = Place(each.trace, _process_span(each.position.message, each.trace)) if not each.author else None
    links = [Place(each.trace, delivery_span(each.original))] if each.original else []
    at = Place(each.trace, delivery_span(each.id))
    attributes = _outgoing("create", each)
    return Span(PRODUCER, "create", each.target, at, made_of, links, each.created_at, 0.0, attributes)


def of_attempt(each: Delivery, attempt: Attempt) -> Span:
    """An attempt came to its end: sent, or read back."""
    operation = "read-back" if attempt.what == READ_BACK else "send"
    created = Place(each.trace, delivery_span(each.id))
    attributes = _outgoing(operation, each) | {"controltower.attempt": attempt.n}
    if attempt.status:
        attributes["http.response.status_code"] = attempt.status
    error = attempt.error or ("" if attempt.outcome in _ANSWERED else attempt.outcome)
    return Span(
        CLIENT, operation, each.target, Place(each.trace, span_of("attempt", each.id, attempt.n)), created, [created],
        attempt.began_at, (attempt.milliseconds or 0.0) / 1000, attributes, error, attempt.words,
    )  # fmt: skip


def of_application(each: Delivery, speed: float) -> Span | None:
    """From the target's answer to its own data that shows what it took; `speed` of the tower's clock."""
    if each.delivered_at is None or each.applied_at is None:
        return None
    created = Place(each.trace, delivery_span(each.id))
    seconds = (each.applied_at - each.delivered_at).total_seconds() / speed
    return Span(
        CLIENT, "apply", each.target, Place(each.trace, span_of("applied", each.id)), created, [created],
        each.delivered_at, seconds, _outgoing("apply", each),
    )  # fmt: skip


def _process_span(message: int, trace: str) -> str:
    return span_of("process", message, trace)


def _messaging(operation: str, destination: str) -> dict[str, str | int]:
    return {
        "messaging.system": SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": _TYPES.get(operation, operation),
        "messaging.destination.name": destination,
    }


def _about(type: str, subject: Subject) -> dict[str, str | int]:
    return {
        "cloudevents.event_type": type,
        "cloudevents.event_subject": str(subject),
        "messaging.message.conversation_id": order_of(subject) or subject.key,
    }


def _outgoing(operation: str, each: Delivery) -> dict[str, str | int]:
    return {
        **_messaging(operation, each.target),
        **_about(each.type, each.subject),
        "messaging.message.id": each.key,
        "controltower.route": each.route,
        "controltower.delivery": str(each.id),
    }
