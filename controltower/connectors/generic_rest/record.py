"""One compiled record mapping: a native record in, what an event needs out, and every oddity by its place."""

import datetime
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from controltower.connectors.contract import UNMAPPED, Fault, Notice
from controltower.connectors.generic_rest import spec
from controltower.connectors.generic_rest.attribute import Attribute
from controltower.connectors.generic_rest.expression import Expression
from controltower.connectors.generic_rest.times import hour_checker, time_reader
from controltower.connectors.reading import name_fault, pointer, told
from controltower.domain import vocabulary
from controltower.domain.landscape import System
from controltower.domain.subject import Subject, parse_subject
from controltower.domain.value import Value


class Facts(NamedTuple):
    """What one record says."""

    subject: Subject
    occurred_at: datetime.datetime
    occurred_text: str
    attributes: dict[str, Value]
    refs: dict[str, str]
    sequence: int | None
    correlation: str


class Unmapped(ValueError):
    """A name of the source's that the mapping does not know."""


class Oddities(NamedTuple):
    """The faults and notices of one message, gathered as its elements are read."""

    faults: list[Fault]
    notices: list[Notice]


class Place(NamedTuple):
    """Where in its message a record stands."""

    element: int
    root: str

    def fault(self, where: str, message: str, code: str = "") -> Fault:
        return Fault(self.element, self.root + where, message, code)

    def notice(self, kind: str, where: str, message: str) -> Notice:
        return Notice(kind, self.root + where, message, self.element)


class RecordMapping:
    """One `records.<name>` table, compiled for one system."""

    def __init__(self, record: spec.Record, system: System) -> None:
        self.spec = record
        self._system = system
        self._plant = Expression(record.plant)
        self._key = Expression(record.key)
        self._occurred = Expression(record.occurred_at.from_)
        zone = ZoneInfo(record.occurred_at.zone) if record.occurred_at.zone else system.zone
        self._read_occurred = time_reader(record.occurred_at.format, zone)
        self._odd_hour = hour_checker(record.occurred_at.format, zone)
        self._sequence = Expression(record.sequence) if record.sequence else None
        self._correlation = Expression(record.correlation) if record.correlation else None
        self._attributes = [
            Attribute(record.kind, name, field, system.zone) for name, field in record.attributes.items()
        ]
        self._refs = {name: Expression(text) for name, text in record.refs.items()}
        self._known = self._fields_read() | set(record.known)

    def _fields_read(self) -> set[str]:
        single = [self._plant, self._key, self._occurred, self._sequence, self._correlation]
        fields = {name for expression in single if expression for name in expression.fields}
        fields.update(name for attribute in self._attributes for name in attribute.fields)
        fields.update(name for expression in self._refs.values() for name in expression.fields)
        return fields

    def subject_of(self, record: Any) -> Subject:
        """What a record is about. ValueError with what is wrong."""
        return self._subject(self._plant_of(record), record)

    def _plant_of(self, record: Any) -> str:
        native = self._plant.text_of(record)
        plant = self.spec.plants.get(native, native)
        if not self._system.serves(plant):
            raise Unmapped(f"{self._system.id} does not serve plant {plant[:40]!r}")
        return plant

    def _subject(self, plant: str, record: Any) -> Subject:
        key = self._key.text_of(record)
        text = f"{plant}/{self.spec.kind}/{key}"
        if fault := name_fault(key) or name_fault(text):
            raise ValueError(f"key {fault}")
        return parse_subject(text)

    def _name_of(self, record: Any) -> str:
        """`<kind>/<key>` of a record that cannot be used; "" where not even that can be read."""
        try:
            key = self._key.text_of(record)
        except ValueError:
            return ""
        return f"{self.spec.kind}/{key}" if key and not name_fault(key) else ""

    def read(self, record: Any, place: Place, odd: Oddities) -> Facts | None:
        """What a record says; None when it has faults, which are then in `odd`."""
        if not isinstance(record, dict):
            odd.faults.append(place.fault("", "must be an object"))
            return None
        before = len(odd.faults)
        unknown = self._unknown_fields(record, place, odd)
        plant = self._try(lambda: self._plant_of(record), self._plant, place, odd)
        subject = self._try(lambda: self._subject(plant, record), self._key, place, odd) if plant else None
        text = self._try(lambda: _needed(self._occurred, record), self._occurred, place, odd) or ""
        occurred_at = (
            self._try(lambda: self._read_occurred(text), self._occurred, place, odd) if text else None
        )
        sequence = self._try(lambda: _count(self._sequence, record), self._sequence, place, odd)
        attributes = self._read_attributes(record, unknown, place, odd)
        refs = self._read_refs(record, place, odd)
        correlation = self._try(lambda: _optional(self._correlation, record), self._correlation, place, odd)
        if len(odd.faults) > before or subject is None or occurred_at is None:
            about = self._name_of(record)
            odd.faults[before:] = [fault._replace(about=about) for fault in odd.faults[before:]]
            return None
        if hour := self._odd_hour(text):
            odd.notices.append(place.notice("dst-hour", self._occurred.pointer, hour))
        return Facts(subject, occurred_at, text, attributes, refs, sequence, correlation or "")

    def _unknown_fields(self, record: dict[str, Any], place: Place, odd: Oddities) -> list[str]:
        if record.keys() <= self._known:
            return []
        unknown = sorted(record.keys() - self._known)
        for name in unknown:
            odd.notices.append(place.notice("unknown-field", pointer(name), f"field {name!r} is not mapped"))
        return unknown

    def _read_attributes(
        self, record: dict[str, Any], unknown: list[str], place: Place, odd: Oddities
    ) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for attribute in self._attributes:
            self._tell_missing(attribute, record, unknown, place, odd)
            try:
                value = attribute.read(record)
            except ValueError as error:
                odd.faults.append(place.fault(attribute.source.pointer, told(error)))
                continue
            if value is not None:
                found[attribute.name] = value
                self._tell_unknown_status(attribute, value, place, odd)
                if hour := attribute.odd_hour(value):
                    odd.notices.append(place.notice("dst-hour", attribute.source.pointer, hour))
        return found

    def _tell_missing(
        self, attribute: Attribute, record: dict[str, Any], unknown: list[str], place: Place, odd: Oddities
    ) -> None:
        field = attribute.field
        if field.required and attribute.source.path and attribute.source.search(record) is None:
            message = "is missing" + _perhaps_renamed(unknown)
            odd.faults.append(place.fault(attribute.source.pointer, message))
        elif not field.optional:
            for name in sorted(attribute.fields - record.keys()):
                message = f"field {name!r}, which gives {attribute.name}, is missing" + _perhaps_renamed(
                    unknown
                )
                odd.notices.append(place.notice("missing-field", pointer(name), message))

    def _tell_unknown_status(self, attribute: Attribute, value: Value, place: Place, odd: Oddities) -> None:
        if attribute.value_kind == vocabulary.STATUS and value.text == "unknown":
            message = f"status {value.native!r} is not mapped"
            odd.notices.append(place.notice("unknown-status", attribute.source.pointer, message))

    def _read_refs(self, record: dict[str, Any], place: Place, odd: Oddities) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, expression in self._refs.items():
            text = self._try(partial(expression.text_of, record), expression, place, odd)
            if text:
                found[name] = text
        return found

    def _try(
        self, step: Callable[[], Any], expression: Expression | None, place: Place, odd: Oddities
    ) -> Any:
        try:
            return step()
        except ValueError as error:
            code = UNMAPPED if isinstance(error, Unmapped) else ""
            odd.faults.append(place.fault(expression.pointer if expression else "", told(error), code))
            return None


def _perhaps_renamed(unknown: list[str]) -> str:
    return f"; perhaps renamed to {' or '.join(repr(name) for name in unknown[:3])}" if unknown else ""


def _needed(expression: Expression, record: Any) -> str:
    text = expression.text_of(record)
    if not text:
        raise ValueError("is missing")
    return text


def _optional(expression: Expression | None, record: Any) -> str:
    text = expression.text_of(record) if expression else ""
    if text and (fault := name_fault(text)):
        raise ValueError(fault)
    return text


def _count(expression: Expression | None, record: Any) -> int | None:
    text = expression.text_of(record) if expression else ""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise ValueError("must be a whole number, counting up")
    return int(text)
