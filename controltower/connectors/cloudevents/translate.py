"""Canonical CloudEvents in, events out; a bad one stands alone with the exact place of its fault."""

import datetime
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from controltower.connectors.cloudevents import envelope as wire
from controltower.connectors.cloudevents.values import ATTRIBUTE_READERS, unknown_value
from controltower.connectors.contract import FOREIGN, UNMAPPED, Envelope, Fault, Notice, Translation
from controltower.connectors.reading import name_fault, place_of, pointer, refuse, told
from controltower.domain.event import Event
from controltower.domain.landscape import System
from controltower.domain.subject import Subject, parse_subject
from controltower.domain.value import Value, read_time, status_value
from controltower.domain.vocabulary import STATUSES, known_type

_NUL_ESCAPE = b"\\u0000"
_NATIVE_STATUS = "native_status"
_LARGEST_SEQUENCE = 2**63
_PLAIN_CONTENT = (None, "application/json")
_DATA_FIELDS = frozenset(["attributes", "refs"])

known_type = lru_cache(maxsize=4096)(known_type)


@lru_cache(maxsize=65536)
def _subject(text: str) -> Subject:
    fault = name_fault(text)
    if fault:
        raise ValueError(fault)
    return parse_subject(text)


class Place(NamedTuple):
    """Which element of its message an event is, and the pointer to it."""

    element: int
    root: str

    def fault(self, where: str, message: str) -> Fault:
        return Fault(self.element, self.root + where, message)

    def notice(self, kind: str, where: str, message: str) -> Notice:
        return Notice(kind, self.root + where, message, self.element)


class Head(NamedTuple):
    """What an event is about, when it happened, and its number among the sender's."""

    subject: Subject
    occurred_at: datetime.datetime
    sequence: int | None


class Reading:
    """One message being read for one system: what came out of it so far."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.events: list[Event] = []
        self.faults: list[Fault] = []
        self.notices: list[Notice] = []
        self.beats = 0
        self.canaries: list[str] = []

    def read_raw(self, place: Place, raw: bytes | msgspec.Raw) -> None:
        """Read the bytes of one event."""
        try:
            cloud_event = wire.decode_event(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self.faults.append(place.fault(*place_of(error)))
            return
        if _NUL_ESCAPE in bytes(raw):
            self.faults.append(place.fault("", "holds a NUL character"))
            return
        self.read(place, cloud_event)

    def read(self, place: Place, cloud_event: wire.CloudEvent) -> None:
        """Check one event and keep it, or its faults."""
        before = len(self.faults)
        if cloud_event.type in wire.NO_SUBJECT:
            self._sign_of_life(place, cloud_event)
            return
        head = self._head(place, cloud_event)
        if head is None:
            self._say_about(before, cloud_event)
            return
        kind = head.subject.name.partition("/")[0]
        self._check(place, cloud_event, head.subject, kind)
        data = cloud_event.data or {}
        attributes = self._attributes(place, kind, data)
        refs = self._refs(place, data)
        if len(self.faults) > before:
            self._say_about(before, cloud_event)
            return
        self.events.append(
            Event(
                cloud_event.type, head.subject, self.system.id, cloud_event.id, head.occurred_at, cloud_event.time,
                attributes, refs, head.sequence, place.element, cloud_event.correlationid or "",
                wire.trace_in(cloud_event.traceparent),
            )
        )  # fmt: skip

    def _say_about(self, before: int, event: wire.CloudEvent) -> None:
        """Add to an event's faults what it is about, as far as it says so."""
        try:
            about = _subject(event.subject).name
        except ValueError:
            return
        self.faults[before:] = [fault._replace(about=about) for fault in self.faults[before:]]

    def _sign_of_life(self, place: Place, event: wire.CloudEvent) -> None:
        if event.source != self.system.id:
            self.faults.append(place.fault("/source", f"must be {self.system.id!r}"))
        elif event.type == wire.HEARTBEAT:
            self.beats += 1
        else:
            self.canaries.append(event.correlationid or "")

    def _head(self, place: Place, event: wire.CloudEvent) -> Head | None:
        where = "/subject"
        try:
            subject = _subject(event.subject)
            where = "/time"
            occurred_at = read_time(event.time)
            where = "/sequence"
            return Head(subject, occurred_at, _sequence(event.sequence))
        except ValueError as error:
            self.faults.append(place.fault(where, told(error)))
            return None

    def _check(self, place: Place, event: wire.CloudEvent, subject: Subject, kind: str) -> None:
        """One cheap question for the events that are in order; the answer in detail for the others."""
        if (
            event.source != self.system.id
            or subject.plant not in self.system.plants
            or not known_type(event.type)
            or not event.type.startswith(kind + ".")
            or event.specversion != "1.0"
            or name_fault(event.id)
            or event.datacontenttype not in _PLAIN_CONTENT
            or name_fault(event.correlationid or "-")
            or event.data_base64 is not None
        ):
            checks = self._checks(event, subject, kind)
            codes = {
                "/subject": "" if self.system.serves(subject.plant) else UNMAPPED,
                "/source": FOREIGN,
            }
            self.faults += [
                place.fault(where, message)._replace(code=codes.get(where, ""))
                for where, message in checks
                if message
            ]

    def _checks(self, event: wire.CloudEvent, subject: Subject, kind: str) -> Iterator[tuple[str, str]]:
        if event.specversion != "1.0":
            yield "/specversion", "only CloudEvents 1.0 is taken"
        yield "/id", name_fault(event.id)
        yield "/correlationid", name_fault(event.correlationid or "-")
        if event.source != self.system.id:
            yield "/source", f"must be {self.system.id!r}, the system that signed this"
        if not self.system.serves(subject.plant):
            yield "/subject", f"{self.system.id} does not serve {subject.plant!r}"
        if not known_type(event.type):
            yield "/type", f"{event.type[:80]!r} is not in the vocabulary"
        elif not event.type.startswith(kind + "."):
            yield "/type", f"type does not belong to a subject of kind {kind!r}"
        if event.datacontenttype and "json" not in event.datacontenttype.lower():
            yield "/datacontenttype", "data must be JSON"
        if event.data_base64 is not None:
            yield "/data_base64", "binary data is not taken: send JSON in data"

    def _attributes(self, place: Place, kind: str, data: dict[str, Any]) -> dict[str, Value]:
        found: dict[str, Value] = {}
        given = data.get("attributes") or {}
        if not isinstance(given, dict):
            self.faults.append(place.fault("/data/attributes", "must be an object"))
            return found
        readers = ATTRIBUTE_READERS[kind]
        for name, raw in given.items():
            if raw is None or name == _NATIVE_STATUS:  # null says nothing about an attribute
                continue
            reader = readers.get(name)
            try:
                found[name] = reader(raw) if reader else self._unknown(place, name, raw)
            except ValueError as error:
                self.faults.append(place.fault(pointer("data", "attributes", name), told(error)))
        if "status" in found:
            found["status"] = self._status(place, kind, found["status"], given.get(_NATIVE_STATUS))
        return found

    def _unknown(self, place: Place, name: str, raw: Any) -> Value:
        if fault := name_fault(name):
            raise ValueError(f"attribute name {fault}")
        where = pointer("data", "attributes", name)
        self.notices.append(place.notice("unknown-field", where, f"{name!r} is not in the vocabulary"))
        return unknown_value(raw)

    def _status(self, place: Place, kind: str, said: Value, native: Any) -> Value:
        status = status_value(kind, said.text, native if isinstance(native, str) else "")
        if status.text == "unknown" and kind in STATUSES:
            message = f"status {(status.native or said.text)[:80]!r} is not mapped"
            self.notices.append(place.notice("unknown-status", "/data/attributes/status", message))
        return status

    def _refs(self, place: Place, data: dict[str, Any]) -> dict[str, str]:
        if not data.keys() <= _DATA_FIELDS:
            message = "is not read: put it into attributes or refs"
            for name in sorted(data.keys() - _DATA_FIELDS):
                self.notices.append(place.notice("unknown-field", pointer("data", name), message))
        refs = data.get("refs") or {}
        if not isinstance(refs, dict):
            self.faults.append(place.fault("/data/refs", "must be an object"))
            return {}
        for name, value in refs.items():
            if not isinstance(value, str):
                self.faults.append(place.fault(pointer("data", "refs", name), "must be text"))
        return refs


def _sequence(given: str | int | None) -> int | None:
    if given is None:
        return None
    try:
        number = int(given)
    except ValueError:
        number = -1
    if not 0 <= number < _LARGEST_SEQUENCE:
        raise ValueError("must be a whole number counting from 1")
    return number


def translate(system: System, envelope: Envelope) -> Translation:
    """The events of a structured, batched or binary message. Raises InvalidMessage."""
    reading = Reading(system)
    mode = wire.mode_of(envelope.headers)
    if mode == wire.BATCHED:
        for element, raw in enumerate(wire.elements(envelope.body)):
            reading.read_raw(Place(element, f"/{element}"), raw)
    elif mode == wire.STRUCTURED:
        reading.read_raw(_WHOLE, envelope.body)
    elif _NUL_ESCAPE in envelope.body:
        raise refuse("holds a NUL character", "/data")
    else:
        reading.read(_WHOLE, wire.from_headers(envelope.headers, envelope.body))
    return Translation(reading.events, reading.faults, reading.notices, reading.beats, reading.canaries)


_WHOLE = Place(0, "")
