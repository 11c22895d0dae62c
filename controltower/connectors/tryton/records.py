"""Walks one polled list: the records that changed, with their parts, then what the list still holds."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from controltower.connectors.contract import Page, PolledRecord
from controltower.connectors.tryton.keyset import (
    Mark,
    Row,
    Window,
    changed,
    ids_of,
    newest,
    read_mark,
    rows_of,
)
from controltower.connectors.tryton.lists import Part, RecordList, Trigger
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.session import Session
from controltower.connectors.tryton.translate import subject_of

ORIGIN_ORDER = "production"
_decode_raw_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Key(msgspec.Struct, gc=False):
    id: int
    origin: Any = None


_decode_key = msgspec.json.Decoder(_Key).decode


def walk(
    session: Session, records: RecordList, places: Places, cursor: Mapping[str, Any], window: Window
) -> Iterator[Page]:
    """Pages of changed records since the cursor, the last one with the ids of all that are held."""
    marks = {trigger.model: read_mark(cursor, trigger.model) for trigger in records.triggers}
    _mark_the_present(session, records.triggers[1:], marks)
    told: dict[str, bytes] = {}
    for trigger in records.triggers:
        pages = changed(
            session, trigger.model, _domain(records, trigger), [trigger.field], marks[trigger.model], window
        )
        for rows, mark in pages:
            marks[trigger.model] = mark
            found = _read(session, records, places, [[trigger.target, "in", _values(rows, trigger)]])
            news = [record for record in found if told.get(record.native_id) != record.body]
            told.update({record.native_id: record.body for record in news})
            yield Page(records.name, news, _cursor(marks))
    yield Page(records.name, [], _cursor(marks), _held(session, records, places))


def _mark_the_present(session: Session, triggers: Sequence[Trigger], marks: dict[str, Mark | None]) -> None:
    """At first the list itself is read whole, so that of the other models only later changes matter."""
    for trigger in triggers:
        if marks[trigger.model] is None:
            marks[trigger.model] = newest(session, trigger.model, trigger.domain)


def _domain(records: RecordList, trigger: Trigger) -> tuple[Any, ...]:
    return (*records.domain, *trigger.domain) if trigger.model == records.name else trigger.domain


def _values(rows: list[Row], trigger: Trigger) -> list[int]:
    values = (row[trigger.field] for row in rows)
    numbers = (int(value.partition(",")[2]) if isinstance(value, str) else value for value in values)
    return sorted({number for number in numbers if number is not None})


def _cursor(marks: Mapping[str, Mark | None]) -> dict[str, Any]:
    return {model: mark.text() for model, mark in marks.items() if mark}


def _read(session: Session, records: RecordList, places: Places, domain: list[Any]) -> list[PolledRecord]:
    """The records of a domain as Tryton writes them, each with its parts."""
    call = f"model.{records.name}.search_read"
    fields = list(records.fields) + (["origin"] if "origin" in records.fields else [])
    raws = _decode_raw_rows(
        session.call(call, [*records.domain, *domain], 0, None, [["id", "ASC"]], sorted(set(fields)))
    )
    keys = [_decode_key(raw) for raw in raws]
    columns = {part.name: _parts(session, part, keys) for part in records.parts}
    if "origin" in records.fields:
        columns["order"] = _orders(session, keys)
    return [
        _record(records, places, key.id, _compose(raw, {name: found[n] for name, found in columns.items()}))
        for n, (key, raw) in enumerate(zip(keys, raws, strict=True))
    ]


def _parts(session: Session, part: Part, keys: list[_Key]) -> list[bytes]:
    """For each record the JSON array of its parts."""
    links: list[Any] = [f"{part.prefix}{key.id}" if part.prefix else key.id for key in keys]
    found: dict[Any, list[bytes]] = {}
    if links:
        domain = [*part.domain, [part.link, "in", links]]
        call, fields = f"model.{part.model}.search_read", sorted({*part.fields, part.link})
        for raw in _decode_raw_rows(session.call(call, domain, 0, None, [["id", "ASC"]], fields)):
            found.setdefault(msgspec.json.decode(raw)[part.link], []).append(bytes(raw))
    return [b"[" + b",".join(found.get(link, [])) + b"]" for link in links]


def _orders(session: Session, keys: list[_Key]) -> list[bytes]:
    """For each record the production order that its origin names, or null."""
    owners = [_order_id(key.origin) for key in keys]
    wanted = sorted({owner for owner in owners if owner is not None})
    fields = ["number", "warehouse.code"]
    rows = rows_of(session, ORIGIN_ORDER, [["id", "in", wanted]], fields) if wanted else []
    found = {row["id"]: msgspec.json.encode(row) for row in rows}
    return [found.get(owner, b"null") for owner in owners]


def _order_id(origin: Any) -> int | None:
    model, _, number = origin.partition(",") if isinstance(origin, str) else ("", "", "")
    return int(number) if model == ORIGIN_ORDER and number.isdigit() else None


def _compose(raw: msgspec.Raw, columns: Mapping[str, bytes]) -> bytes:
    """Tryton's own bytes side by side: `{"record": {...}, "cycles": [...]}`."""
    parts = b"".join(b',"%s":%s' % (name.encode(), found) for name, found in columns.items())
    return b'{"record":%s%s}' % (bytes(raw), parts)


def _record(records: RecordList, places: Places, record: int, body: bytes) -> PolledRecord:
    subject, code, numbered = subject_of(places, records.name, body)
    name = f"{code}/{'' if numbered else '#'}{record}" if records.warehouse else str(record)
    return PolledRecord(name, body, subject)


def _held(session: Session, records: RecordList, places: Places) -> frozenset[str]:
    """The native ids of all records: with their warehouse, and marked where they have no number yet.

    So a record that gets its number, or moves to another plant, is gone under its former name.
    """
    if not records.warehouse:
        return frozenset(map(str, ids_of(session, records.name, list(records.domain))))
    held: set[str] = set()
    for code, warehouse in places.warehouses(session):
        domain = [*records.domain, [records.warehouse, "=", warehouse]]
        unnumbered = set(ids_of(session, records.name, [*domain, [records.number, "=", None]]))
        for record in ids_of(session, records.name, domain):
            held.add(f"{code}/{'#' if record in unnumbered else ''}{record}")
    return frozenset(held)
