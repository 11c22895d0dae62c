"""Native records to canonical events by the compiled mapping; a bad one stands alone with its place."""

from typing import Any

import msgspec

from controltower.connectors.contract import UNMAPPED, Envelope, Fault, Identity, Translation
from controltower.connectors.generic_rest.mapping import CompiledHook, CompiledMapping
from controltower.connectors.generic_rest.record import Facts, Oddities, Place, RecordMapping
from controltower.connectors.raw import raw_elements, raw_records
from controltower.connectors.reading import decode, name_fault, place_of, pointer, refuse, told
from controltower.domain.event import Event, content_id

_decode = msgspec.json.Decoder().decode
_NUL_ESCAPE = b"\\u0000"


def translate(mapping: CompiledMapping, system_id: str, envelope: Envelope) -> Translation:
    """The events of a webhook or of a polled list's changed records. Raises InvalidMessage."""
    reading = _Reading(mapping, system_id, envelope)
    if envelope.channel == "hook":
        reading.read_hook()
    else:
        reading.read_poll()
    return Translation(reading.events, reading.odd.faults, reading.odd.notices)


def identify(mapping: CompiledMapping, envelope: Envelope) -> list[Identity]:
    """The source id and fingerprint of each message of a webhook. Raises InvalidMessage."""
    hook = _hook_of(mapping)
    return [_identity(hook, raw) for raw in decode(raw_elements, envelope.body)]


class _Reading:
    """One message being read."""

    def __init__(self, mapping: CompiledMapping, system_id: str, envelope: Envelope) -> None:
        self.mapping = mapping
        self.system_id = system_id
        self.envelope = envelope
        self.events: list[Event] = []
        self.odd = Oddities([], [])

    def read_hook(self) -> None:
        hook = _hook_of(self.mapping)
        single = self.envelope.body.lstrip()[:1] != b"["
        for element, raw in enumerate(decode(raw_elements, self.envelope.body)):
            place = Place(element, "" if single else f"/{element}")
            message = self._decoded(raw, place)
            if message is not None:
                self._read_message(hook, raw, message, place)

    def _read_message(self, hook: CompiledHook, raw: bytes, message: Any, place: Place) -> None:
        try:
            event = hook.event.text_of(message)
        except ValueError as error:
            self.odd.faults.append(place.fault(hook.event.pointer, told(error)))
            return
        meaning = hook.meaning(event)
        if meaning is None:
            words = f"no mapping for event {event[:80]!r}"
            self.odd.faults.append(place.fault(hook.event.pointer, words, UNMAPPED))
            return
        record = message
        for name in hook.record_path:
            record = record.get(name) if isinstance(record, dict) else None
        inner = Place(place.element, place.root + pointer(*hook.record_path))
        facts = meaning.record.read(record, inner, self.odd)
        if facts is not None:
            self._keep(place.element, meaning.type, _identity(hook, raw).source_id, facts)

    def read_poll(self) -> None:
        resource = self.mapping.resources.get(self.envelope.resource)
        if resource is None:
            raise refuse(f"no mapping for the list {self.envelope.resource[:80]!r}")
        for element, raw in enumerate(decode(raw_records, self.envelope.body)):
            self._read_record(resource.record, raw, Place(element, f"/{element}"))

    def _read_record(self, mapping: RecordMapping, raw: bytes, place: Place) -> None:
        record = self._decoded(raw, place)
        if record is None:
            return
        facts = mapping.read(record, place, self.odd)
        if facts is not None:
            # A record that comes to hold again what it held before states a new fact, at another time.
            asked = self.envelope.received_at.isoformat()
            source_id = content_id(self.envelope.resource, asked, raw)
            self._keep(place.element, mapping.spec.type, source_id, facts)

    def _decoded(self, raw: bytes, place: Place) -> Any:
        try:
            found = _decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            where, message = place_of(error)
            self.odd.faults.append(place.fault(where, message))
            return None
        if not isinstance(found, dict) or _NUL_ESCAPE in raw:
            message = "holds a NUL character" if isinstance(found, dict) else "must be an object"
            self.odd.faults.append(Fault(place.element, place.root, message))
            return None
        return found

    def _keep(self, element: int, event_type: str, source_id: str, facts: Facts) -> None:
        self.events.append(
            Event(
                event_type,
                facts.subject,
                self.system_id,
                source_id,
                facts.occurred_at,
                facts.occurred_text,
                facts.attributes,
                facts.refs,
                facts.sequence,
                element,
                facts.correlation,
            )
        )


def _identity(hook: CompiledHook, raw: bytes) -> Identity:
    fingerprint = content_id(raw)
    if hook.source_id is None:
        return Identity(fingerprint, fingerprint)
    try:
        name = hook.source_id.text_of(_decode(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Identity(fingerprint, fingerprint)
    return Identity(fingerprint if name_fault(name) else name, fingerprint)


def _hook_of(mapping: CompiledMapping) -> CompiledHook:
    if mapping.hook is None:
        raise refuse("this system's mapping has no [hook]")
    return mapping.hook
