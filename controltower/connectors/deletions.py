"""What is gone from a complete list, as a message: written by the poll verb, read by every connector."""

from collections.abc import Iterable

import msgspec

from controltower.connectors.contract import Envelope, Fault, Translation
from controltower.connectors.reading import decode, told
from controltower.domain.event import Event, content_id
from controltower.domain.landscape import System
from controltower.domain.subject import parse_subject
from controltower.domain.value import write_time


class Gone(msgspec.Struct, frozen=True):
    """A record that the source no longer holds, and the subject that it was about."""

    native_id: str
    subject: str


_decode = msgspec.json.Decoder(list[Gone]).decode


def deletion_body(gone: Iterable[tuple[str, str]]) -> bytes:
    """The body of a message with change="deleted", from pairs of native id and subject."""
    return msgspec.json.encode([Gone(native_id, subject) for native_id, subject in gone])


def translate_deletions(system: System, envelope: Envelope) -> Translation:
    """A `<kind>.deleted` event for each, at the time when it was missed. Raises InvalidMessage."""
    events: list[Event] = []
    faults: list[Fault] = []
    at = envelope.received_at
    for element, gone in enumerate(decode(_decode, envelope.body)):
        try:
            subject = parse_subject(gone.subject)
        except ValueError as error:
            faults.append(Fault(element, f"/{element}/subject", told(error)))
            continue
        source_id = content_id(envelope.resource, "deleted", gone.native_id, at.isoformat())
        refs = {"native_id": gone.native_id}
        text = write_time(at)
        events.append(
            Event(
                f"{subject.kind}.deleted", subject, system.id, source_id, at, text, {}, refs, element=element
            )
        )
    return Translation(events, faults)
