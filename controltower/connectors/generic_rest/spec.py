"""The mapping file as it is written: its tables, their fields, and what each field may be."""

from collections import abc
from typing import Any, Literal, TypeVar

import msgspec

from controltower.connectors.reading import place_of

Read = TypeVar("Read", bound="Table")


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A table of the file: a misspelt field is told, never passed over."""


class Field(Table, frozen=True):
    """Where one attribute comes from. `from`, `*_from`: JMESPath; `map`: native text -> canonical text."""

    from_: str = msgspec.field(name="from")
    unit: str = ""
    unit_from: str = ""
    currency: str = ""
    currency_from: str = ""
    map: dict[str, str] = {}
    format: str = "iso"
    zone: str = ""
    required: bool = False
    optional: bool = False


class Stamp(Table, frozen=True):
    """Where a time comes from. `format`: iso, day-start, day-end, unix, unix-ms, or a strptime pattern."""

    from_: str = msgspec.field(name="from")
    format: str = "iso"
    zone: str = ""


class Record(Table, frozen=True):
    """How one native record becomes one event."""

    kind: str
    key: str
    plant: str
    occurred_at: Stamp
    type: str = ""
    plants: dict[str, str] = {}
    sequence: str = ""
    correlation: str = ""
    attributes: dict[str, Field] = {}
    refs: dict[str, str] = {}
    known: list[str] = []


class Watermark(Table, frozen=True):
    """The filter that asks for the records changed since a time, and the field that answers it."""

    parameter: str
    stamp: Stamp
    format: str = "iso"


class Paging(Table, frozen=True):
    """How a list goes on: `total` and `next` are JMESPath over the answer."""

    style: Literal["none", "page", "offset", "cursor", "next-link"] = "none"
    parameter: str = ""
    size_parameter: str = ""
    size: int = 100
    first: int = 1
    total: str = ""
    next: str = ""


class Resource(Table, frozen=True):
    """One polled list. `records` is the dotted path to its rows; "@" says that the answer is the list."""

    path: str
    record: str
    records: str = "@"
    native_id: str = ""
    query: dict[str, str] = {}
    watermark: Watermark | None = None
    paging: Paging = Paging()
    complete: bool = False


class HookEvent(Table, frozen=True):
    """What one native event name means."""

    record: str
    type: str


class Hook(Table, frozen=True):
    """The native webhook: `event`, `source_id`: JMESPath over a message; `record`: path to its record."""

    event: str
    events: dict[str, HookEvent]
    record: str = "@"
    source_id: str = ""


class Mapping(msgspec.Struct, frozen=True):
    """A whole mapping file."""

    records: dict[str, Record]
    resources: dict[str, Resource]
    hook: Hook | None


def read(mapping: abc.Mapping[str, Any]) -> tuple[Mapping, list[str]]:
    """The tables of a mapping file, and a line for each one that cannot be read (place and fault)."""
    problems = [
        f"{name}: no such table; it must be one of records, resources, hook, send"
        for name in mapping
        if name not in ("records", "resources", "hook", "send")
    ]
    records = _tables(mapping, "records", Record, problems)
    resources = _tables(mapping, "resources", Resource, problems)
    hook = _table(mapping["hook"], "hook", Hook, problems) if "hook" in mapping else None
    return Mapping(records, resources, hook), problems


def _tables(
    mapping: abc.Mapping[str, Any], name: str, kind: type[Read], problems: list[str]
) -> dict[str, Read]:
    given = mapping.get(name, {})
    if not isinstance(given, dict):
        problems.append(f"{name}: must be a table")
        return {}
    read_tables = {key: _table(value, f"{name}.{key}", kind, problems) for key, value in given.items()}
    return {key: table for key, table in read_tables.items() if table is not None}


def _table(given: Any, place: str, kind: type[Read], problems: list[str]) -> Read | None:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        where, message = place_of(error)
        problems.append(f"{place}{where.replace('/', '.')}: {message}")
        return None
