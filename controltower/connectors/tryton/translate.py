"""Tryton's records to canonical snapshots; a bad record stands alone with the exact place of its fault."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from controltower.connectors.contract import Envelope, Fault, Notice, Translation
from controltower.connectors.raw import raw_records
from controltower.connectors.reading import decode, place_of, pointer, refuse
from controltower.connectors.tryton.identity import IDENTITIES
from controltower.connectors.tryton.manifest import MANIFEST
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.row import Row, Wrong
from controltower.connectors.tryton.snapshot import Facts, inspection, operation, order, purchase, stock
from controltower.domain.event import Event, content_id
from controltower.domain.value import write_time

_decode = msgspec.json.Decoder().decode
_NUL_ESCAPE = b"\\u0000"

READERS: Mapping[str, Callable[[Row, Places, str], Facts]] = {
    "production": order,
    "production.work": operation,
    "purchase.line": purchase,
    "quality.inspection": inspection,
    "stock": stock,
}


def translate(places: Places, envelope: Envelope) -> Translation:
    """The snapshots of a polled list's changed records. Raises InvalidMessage."""
    if envelope.resource not in READERS:
        raise refuse(f"no such list: {envelope.resource[:80]!r}")
    events: list[Event] = []
    faults: list[Fault] = []
    notices: list[Notice] = []
    for element, raw in enumerate(decode(raw_records, envelope.body)):
        try:
            events.append(_event(places, envelope.resource, raw, element, notices))
        except Wrong as wrong:
            faults.append(Fault(element, wrong.place, str(wrong)))
    return Translation(events, faults, notices)


def subject_of(places: Places, resource: str, body: bytes) -> tuple[str, str, bool]:
    """A record's subject as text ("" where it has none), its warehouse code, and whether it has its number."""
    try:
        identity = IDENTITIES[resource](Row(_decode(body), "", 0, []))
    except (Wrong, msgspec.MsgspecError):
        return "", "", True
    try:
        return str(identity.subject(places)), identity.code or "", identity.number is not None
    except Wrong:
        return "", identity.code or "", identity.number is not None


def _event(places: Places, resource: str, raw: bytes, element: int, notices: list[Notice]) -> Event:
    place = pointer(element)
    body = Row(_decoded(raw, place), place, element, notices)
    identity = IDENTITIES[resource](body)
    subject = identity.subject(places)
    facts = READERS[resource](body, places, subject.plant)
    notices += _unknown_status(identity.kind, facts, element)
    return Event(
        f"{identity.kind}.snapshot",
        subject,
        places.system.id,
        content_id(resource, raw),
        facts.occurred_at,
        write_time(facts.occurred_at),
        facts.attributes,
        facts.refs,
        None,
        element,
        facts.refs.get("order", ""),
    )


def _decoded(raw: bytes, place: str) -> Any:
    try:
        found = _decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        where, message = place_of(error)
        raise Wrong(place + where, message) from None
    if _NUL_ESCAPE in raw:
        raise Wrong(place, "holds a NUL character")
    return found


def _unknown_status(kind: str, facts: Facts, element: int) -> list[Notice]:
    status = facts.attributes.get("status")
    if status is None or status.text != "unknown" or status.native in MANIFEST.unmapped:
        return []
    place = pointer(element, "record", "state")
    return [Notice("unknown-status", place, f"{kind} status {status.native!r} is not mapped", element)]
