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
    first = marks[records.name] is None
    pages = _whole(session, records, marks, window) if first else _news(session, records, marks, window)
    for ids in pages:
        # At first each page is done with; later the marks move once all that they stand for is told.
        yield Page(
            records.name, _read(session, records, places, ids), _cursor(marks) if first else dict(cursor)
        )
    yield Page(records.name, [], _cursor(marks), _held(session, records, places))


def _whole(
    session: Session, records: RecordList, marks: dict[str, Mark | None], window: Window
) -> Iterator[list[int]]:
    """The ids of the whole list, page by page; the list's own mark moves along."""
    for rows, mark in changed(session, records.name, records.domain, ["id"], None, window):
        marks[records.name] = mark
        yield [row["id"] for row in rows]


def _news(
    session: Session, records: RecordList, marks: dict[str, Mark | None], window: Window
) -> Iterator[list[int]]:
    """The ids of the records that changed themselves or through another model, page by page.

    All are found before the first is read: what changes while we read has a stamp that the next poll looks at.
    """
    ids: set[int] = set()
    for trigger in records.triggers:
        pages = changed(
            session, trigger.model, _domain(records, trigger), [trigger.field], marks[trigger.model], window
        )
        for rows, mark in pages:
            marks[trigger.model] = mark
            found = _values(rows, trigger)
            wanted = [*records.domain, [trigger.target, "in", found]]
            ids.update(found if trigger.target == "id" else ids_of(session, records.name, wanted))
    ordered = sorted(ids)
    return (ordered[at : at + window.size] for at in range(0, len(ordered), window.size))


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


def _read(session: Session, records: RecordList, places: Places, ids: list[int]) -> list[PolledRecord]:
    """The records as Tryton writes them, each with its parts."""
    call, domain = f"model.{records.name}.search_read", [*records.domain, ["id", "in", ids]]
    raws = _decode_raw_rows(session.call(call, domain, 0, None, [["id", "ASC"]], list(records.fields)))
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
    name = _name(code if places.plant(code) else "", numbered, record) if records.warehouse else str(record)
    return PolledRecord(name, body, subject)


def _name(code: str, numbered: bool, record: int) -> str:
    return f"{code}/{'' if numbered else '#'}{record}"


def _held(session: Session, records: RecordList, places: Places) -> frozenset[str]:
    """The native ids of all records: with their warehouse, and marked where they have no number yet.

    So a record that gets its number, or moves to another plant, is gone under its former name.
    """
    domain = list(records.domain)
    everything = ids_of(session, records.name, domain)
    if not records.warehouse:
        return frozenset(map(str, everything))
    unnumbered = set(ids_of(session, records.name, [*domain, [records.number, "=", None]]))
    codes: dict[int, str] = {}
    for code, warehouse in places.warehouses(session).items():
        here = ids_of(session, records.name, [*domain, [records.warehouse, "=", warehouse]])
        codes.update(dict.fromkeys(here, code))
    return frozenset(_name(codes.get(id, ""), id not in unnumbered, id) for id in everything)
