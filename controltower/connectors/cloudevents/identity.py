"""Which events a message holds and whether they are the same as before: read at the door, before it is stored."""

import msgspec

from controltower.connectors.cloudevents import envelope as wire
from controltower.connectors.contract import Envelope, Fault, Identity, InvalidMessage
from controltower.connectors.reading import decode, name_fault
from controltower.domain.event import content_id


def identify(envelope: Envelope) -> list[Identity]:
    """The id and fingerprint of each event; a bad event of a batch goes by its content and parks later."""
    mode = wire.mode_of(envelope.headers)
    if mode == wire.BATCHED:
        return [_identity(bytes(raw)) for raw in wire.elements(envelope.body)]
    if mode == wire.STRUCTURED:
        name = decode(wire.decode_event, envelope.body)
        return [Identity(_usable(name.id), content_id(envelope.body), wire.trace_in(name.traceparent))]
    event = wire.from_headers(envelope.headers, envelope.body)
    fingerprint = content_id(wire.binary_fingerprint(envelope.headers, envelope.body))
    return [Identity(_usable(event.id), fingerprint, wire.trace_in(event.traceparent))]


def _identity(raw: bytes) -> Identity:
    fingerprint = content_id(raw)
    try:
        told = wire.decode_name(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Identity(fingerprint, fingerprint)
    source_id = fingerprint if name_fault(told.id) else told.id
    return Identity(source_id, fingerprint, wire.trace_in(told.traceparent))


def _usable(name: str) -> str:
    if fault := name_fault(name):
        raise InvalidMessage([Fault(0, "/id", fault)])
    return name
