"""Canonical CloudEvents in, events out; a bad one stands alone with the exact place of its fault."""

import datetime
from functools import lru_cache
from typing import Any

import msgspec

from controltower.connectors.cloudevents import envelope as wire
from controltower.connectors.cloudevents.values import ATTRIBUTE_READERS, unknown_value
from controltower.connectors.contract import Envelope, Fault, Identity, InvalidMessage, Notice, Translation
from controltower.connectors.reading import NUL, decode, name_fault, place_of, pointer, told
from controltower.domain.event import Event, content_id
from controltower.domain.landscape import System
from controltower.domain.subject import Subject, parse_subject
from controltower.domain.value import Value, read_time, status_value
from controltower.domain.vocabulary import STATUSES, known_type

_NUL_ESCAPE = b"\\u0000"
_NATIVE_STATUS = "native_status"
_LARGEST_SEQUENCE = 2**63
_PLAIN_CONTENT = (None, "application/json")

known_type = lru_cache(maxsize=4096)(known_type)


@lru_cache(maxsize=65536)
def _subject(text: str) -> Subject:
    fault = name_fault(text)
    if fault:
        raise ValueError(fault)
    return parse_subject(text)


class Reading:
    """One message being read for one system: what came out of it so far."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.events: list[Event] = []
        self.faults: list[Fault] = []
        self.notices: list[Notice] = []

    def result(self) -> Translation:
        """All that the message held."""
        return Translation(self.events, self.faults, self.notices)

    def read_raw(self, element: int, root: str, raw: bytes | msgspec.Raw) -> None:
        """Read the bytes of one event; `root` is its pointer in the message."""
        try:
            cloud_event = wire.decode_event(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            place, message = place_of(error)
            self.faults.append(Fault(element, root + place, message))
            return
        if _NUL_ESCAPE in bytes(raw):
            self.faults.append(Fault(element, root, "holds a NUL character"))
            return
        self.read(element, root, cloud_event)

    def read(self, element: int, root: str, cloud_event: wire.CloudEvent) -> None:
        """Check one event and keep it, or its faults."""
        before = len(self.faults)
        place = "/subject"
        try:
            subject = _subject(cloud_event.subject)
            place = "/time"
            occurred_at = read_time(cloud_event.time)
            place = "/sequence"
            sequence = _sequence(cloud_event.sequence)
        except ValueError as error:
            self.faults.append(Fault(element, root + place, told(error)))
            return
        if (
            cloud_event.source != self.system.id
            or subject.plant not in self.system.plants
            or not known_type(cloud_event.type)
            or cloud_event.specversion != "1.0"
            or name_fault(cloud_event.id)
            or cloud_event.datacontenttype not in _PLAIN_CONTENT
            or name_fault(cloud_event.correlationid or "-")
            or cloud_event.data_base64 is not None
        ):
            self._check_envelope(element, root, cloud_event, subject)
        kind = subject.name.partition("/")[0]
        if not cloud_event.type.startswith(kind + "."):
            self._fault(element, root, "/type", f"type does not belong to a subject of kind {kind!r}")
        data = cloud_event.data or {}
        attributes = self._attributes(element, root, kind, data)
        refs = self._refs(element, root, data)
        if len(self.faults) == before:
            self._keep(element, cloud_event, subject, occurred_at, attributes, refs, sequence)

    def _keep(
        self,
        element: int,
        cloud_event: wire.CloudEvent,
        subject: Subject,
        occurred_at: datetime.datetime,
        attributes: dict[str, Value],
        refs: dict[str, str],
        sequence: int | None,
    ) -> None:
        self.events.append(
            Event(
                cloud_event.type,
                subject,
                self.system.id,
                cloud_event.id,
                occurred_at,
                cloud_event.time,
                attributes,
                refs,
                sequence,
                element,
                cloud_event.correlationid or "",
            )
        )

    def _check_envelope(self, element: int, root: str, event: wire.CloudEvent, subject: Subject) -> None:
        content = event.datacontenttype or "json"
        system = self.system
        checks = (
            ("/specversion", event.specversion != "1.0" and "only CloudEvents 1.0 is taken"),
            ("/id", name_fault(event.id)),
            ("/correlationid", name_fault(event.correlationid or "-")),
            ("/source", event.source != system.id and f"must be {system.id!r}, the system that signed this"),
            ("/type", not known_type(event.type) and f"{event.type[:80]!r} is not in the vocabulary"),
            (
                "/subject",
                not system.serves(subject.plant) and f"{system.id} does not serve {subject.plant!r}",
            ),
            ("/datacontenttype", "json" not in content.lower() and "data must be JSON"),
            ("/data_base64", event.data_base64 is not None and "binary data is not taken: send JSON in data"),
        )
        for place, message in checks:
            if message:
                self._fault(element, root, place, message)

    def _attributes(self, element: int, root: str, kind: str, data: dict[str, Any]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        given = data.get("attributes") or {}
        if not isinstance(given, dict):
            self._fault(element, root, "/data/attributes", "must be an object")
            return found
        readers = ATTRIBUTE_READERS[kind]
        for name, raw in given.items():
            if raw is None or name == _NATIVE_STATUS:  # null says nothing about an attribute
                continue
            reader = readers.get(name)
            try:
                found[name] = reader(raw) if reader else self._unknown(element, root, name, raw)
            except ValueError as error:
                self._fault(element, root, pointer("data", "attributes", name), told(error))
        if "status" in found:
            found["status"] = self._status(element, root, kind, found["status"], given.get(_NATIVE_STATUS))
        return found

    def _unknown(self, element: int, root: str, name: str, raw: Any) -> Value:
        if fault := name_fault(name):
            raise ValueError(f"attribute name {fault}")
        place = root + pointer("data", "attributes", name)
        self.notices.append(Notice("unknown-field", place, f"{name!r} is not in the vocabulary", element))
        return unknown_value(raw)

    def _status(self, element: int, root: str, kind: str, said: Value, native: Any) -> Value:
        status = status_value(kind, said.text, native if isinstance(native, str) else "")
        if status.text == "unknown" and kind in STATUSES:
            place = root + "/data/attributes/status"
            message = f"status {status.native or said.text!r} is not mapped"
            self.notices.append(Notice("unknown-status", place, message, element))
        return status

    def _refs(self, element: int, root: str, data: dict[str, Any]) -> dict[str, str]:
        if len(data) > 2 or data.keys() - {"attributes", "refs"}:
            for name in data.keys() - {"attributes", "refs"}:
                place = root + pointer("data", name)
                message = "is not read: put it into attributes or refs"
                self.notices.append(Notice("unknown-field", place, message, element))
        refs = data.get("refs") or {}
        if not isinstance(refs, dict):
            self._fault(element, root, "/data/refs", "must be an object")
            return {}
        for name, value in refs.items():
            if not isinstance(value, str):
                self._fault(element, root, pointer("data", "refs", name), "must be text")
        return refs

    def _fault(self, element: int, root: str, place: str, message: str) -> None:
        self.faults.append(Fault(element, root + place, message))


def _sequence(given: str | int | None) -> int | None:
    if given is None:
        return None
    try:
        number = int(given)
    except ValueError:
        raise ValueError("must be a whole number counting from 1") from None
    if not 0 <= number < _LARGEST_SEQUENCE:
        raise ValueError("must be a whole number counting from 1")
    return number


def translate(system: System, envelope: Envelope) -> Translation:
    """The events of a structured, batched or binary message. Raises InvalidMessage."""
    reading = Reading(system)
    mode = wire.mode_of(envelope.headers)
    if mode == wire.BATCHED:
        for element, raw in enumerate(wire.elements(envelope.body)):
            reading.read_raw(element, f"/{element}", raw)
    elif mode == wire.STRUCTURED:
        reading.read_raw(0, "", envelope.body)
    else:
        cloud_event = wire.from_headers(envelope.headers, envelope.body)
        if _NUL_ESCAPE in envelope.body or NUL in str(envelope.headers):
            reading.faults.append(Fault(0, "/data", "holds a NUL character"))
        else:
            reading.read(0, "", cloud_event)
    return reading.result()


def identify(envelope: Envelope) -> list[Identity]:
    """The id and fingerprint of each event; a bad event of a batch goes by its content and parks later."""
    mode = wire.mode_of(envelope.headers)
    if mode == wire.BATCHED:
        return [_identity(bytes(raw)) for raw in wire.elements(envelope.body)]
    if mode == wire.STRUCTURED:
        name = decode(wire.decode_event, envelope.body)
        return [Identity(_usable(name.id), content_id(envelope.body))]
    event = wire.from_headers(envelope.headers, envelope.body)
    fingerprint = content_id(wire.binary_fingerprint(envelope.headers, envelope.body))
    return [Identity(_usable(event.id), fingerprint)]


def _identity(raw: bytes) -> Identity:
    fingerprint = content_id(raw)
    try:
        name = wire.decode_name(raw).id
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Identity(fingerprint, fingerprint)
    return Identity(fingerprint if name_fault(name) else name, fingerprint)


def _usable(name: str) -> str:
    if fault := name_fault(name):
        raise InvalidMessage([Fault(0, "/id", fault)])
    return name
