"""Takes a CloudEvents HTTP message apart: its mode, and the bytes or typed form of each of its events."""

import urllib.parse
from collections.abc import Mapping
from typing import Any

import msgspec

from controltower.connectors.contract import Fault, InvalidMessage
from controltower.connectors.reading import decode, place_of, pointer, refuse
from controltower.domain.trace import carried

# Says that its sender is alive, or brings a canary back (its id is the correlationid): they are about no subject.
HEARTBEAT, CANARY = NO_SUBJECT = ("heartbeat", "canary")
STRUCTURED, BATCHED, BINARY = "structured", "batched", "binary"
# Of a binary event these take part in its fingerprint; tracing headers differ on a retry of the same event.
_FINGERPRINTED = ("id", "source", "type", "subject", "time", "sequence", "correlationid")


class CloudEvent(msgspec.Struct, gc=False):
    """The attributes of the standard and of our extensions; others are allowed and passed over."""

    id: str
    source: str
    specversion: str
    type: str
    time: str
    subject: str = ""
    sequence: str | int | None = None
    correlationid: str | None = None
    datacontenttype: str | None = None
    traceparent: Any = None  # a broken one is no fault of the event
    data: dict[str, Any] | None = None
    data_base64: str | None = None


class Name(msgspec.Struct, gc=False):
    """What tells an event from others: all that the door reads of it."""

    id: str
    source: str
    traceparent: Any = None


_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_data = msgspec.json.Decoder(dict[str, Any] | None).decode
decode_event = msgspec.json.Decoder(CloudEvent).decode
decode_name = msgspec.json.Decoder(Name).decode


def trace_in(traceparent: Any) -> str:
    """The trace that an event itself brings along; "" where none does, or a broken one."""
    return carried(traceparent)[0] if isinstance(traceparent, str) else ""


def mode_of(headers: Mapping[str, str]) -> str:
    """The HTTP mode by content type (batched is asked first: its name holds the structured one's)."""
    content_type = headers.get("content-type", "").lower()
    if content_type.startswith("application/cloudevents-batch"):
        return BATCHED
    if content_type.startswith("application/cloudevents"):
        return STRUCTURED
    if "ce-specversion" in headers or "ce-id" in headers:
        return BINARY
    raise refuse("no CloudEvent: neither its content type nor ce- headers say so")


def elements(body: bytes) -> list[msgspec.Raw]:
    """The events of a batch as raw bytes; raises InvalidMessage when it is no JSON array."""
    return decode(_decode_list, body)


def from_headers(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """A binary-mode event; raises InvalidMessage pointing to where it stands in structured form."""
    held = {
        name: _header_text(headers, name) for name in CloudEvent.__struct_fields__ if f"ce-{name}" in headers
    }
    for name in ("id", "source", "specversion", "type", "subject", "time"):
        if name not in held and (name != "subject" or held["type"] not in NO_SUBJECT):
            raise refuse(f"header ce-{name} is missing", pointer(name))
    content_type = headers.get("content-type", "application/json")
    given = {**held, "datacontenttype": content_type, "data": _data(body), "data_base64": None}
    return msgspec.convert(given, CloudEvent)


def binary_fingerprint(headers: Mapping[str, str], body: bytes) -> bytes:
    """What must be the same when the same event comes again in binary mode."""
    return b"\0".join([headers.get(f"ce-{name}", "").encode() for name in _FINGERPRINTED] + [body])


def _data(body: bytes) -> dict[str, Any] | None:
    if not body:
        return None
    try:
        data: dict[str, Any] | None = _decode_data(body)
        return data
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        place, message = place_of(error)
        raise InvalidMessage([Fault(0, "/data" + place, message)]) from None


def _header_text(headers: Mapping[str, str], name: str) -> str:
    """One round of percent-decoding, after taking the quotes off that older senders put around values."""
    value = headers[f"ce-{name}"].strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    try:
        # A server hands headers over as Latin-1: what was sent raw is read as the UTF-8 that it was.
        return urllib.parse.unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeError:
        raise refuse(f"header ce-{name} is not UTF-8", pointer(name)) from None
