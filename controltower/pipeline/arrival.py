"""Arrivals become rows of the inbox: told apart from what came before, all in one transaction."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from controltower.connectors.contract import Envelope, Fault, Identity
from controltower.domain.event import EVENTS_PER_ELEMENT
from controltower.domain.trace import trace_for
from controltower.store import channel, message
from controltower.store.message import Message, MessageIds, Payload

# Headers that say something about a message; the rest is the transport's own and may hold secrets.
_KEPT_HEADERS = ("content-type", "user-agent", "traceparent", "tracestate", "webhook-id", "webhook-timestamp")


class Arrival(NamedTuple):
    """One message at the door. `identities` is None where only the translation can tell what it holds. `trace` is
    the one that it came with, "" where it began here."""

    system: str
    plant: str
    envelope: Envelope
    delivery: str
    digest: str
    identities: Sequence[Identity] | None
    faults: tuple[Fault, ...]
    trace: str


class Receipt(NamedTuple):
    """What the sender hears."""

    accepted: int
    duplicates: int
    message: int
    trace: str


def store_arrivals(connection: Connection, ids: MessageIds, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """Store a batch of arrivals; the receipts are in the same order and true once the transaction commits."""
    numbered = [(ids.next(), arrival) for arrival in arrivals]
    originals = _claim_deliveries(connection, numbered)
    known = _claim_elements(connection, numbered, originals)
    rows = [_row(id, arrival, originals.get(id), known.get(id, _Known([], []))) for id, arrival in numbered]
    message.add(connection, rows)
    receipts = [
        _receipt(row, held.body, arrival) for (row, held), arrival in zip(rows, arrivals, strict=True)
    ]
    _count(connection, arrivals, receipts)
    return receipts


def _claim_deliveries(
    connection: Connection, numbered: Sequence[tuple[int, Arrival]]
) -> dict[int, tuple[int, bool]]:
    """For each message whose delivery id was there before: the original, and whether the content is the same."""
    # What was rejected may be mended and sent again under its old id.
    sound = [(id, arrival) for id, arrival in numbered if not arrival.faults]
    claims = [(arrival.system, arrival.delivery, id, arrival.digest) for id, arrival in sound]
    owners = message.claim_deliveries(connection, claims)
    found: dict[int, tuple[int, bool]] = {}
    for id, arrival in sound:
        owner, digest = owners[arrival.system, arrival.delivery]
        if owner != id:
            found[id] = owner, digest == arrival.digest
    return found


class _Known(NamedTuple):
    """The elements of a message whose ids were there before: with the same content, and with another one."""

    repeats: list[int]
    conflicts: list[int]


def _claim_elements(
    connection: Connection, numbered: Sequence[tuple[int, Arrival]], originals: dict[int, tuple[int, bool]]
) -> dict[int, _Known]:
    """For each message with known ids, which ones they are."""
    claims: list[tuple[str, str, int, int, str]] = []
    for id, arrival in numbered:
        if arrival.identities and not originals.get(id, (0, False))[1]:
            claims += [
                (arrival.system, each.source_id, id, place * EVENTS_PER_ELEMENT, each.fingerprint)
                for place, each in enumerate(arrival.identities)
            ]
    owners = message.claim_events(connection, claims)
    found: dict[int, _Known] = {}
    for system, source_id, id, n, fingerprint in claims:
        owner = owners[system, source_id]
        if (owner.message, owner.n) != (id, n):
            known = found.setdefault(id, _Known([], []))
            same = owner.fingerprint == fingerprint
            (known.repeats if same else known.conflicts).append(n // EVENTS_PER_ELEMENT)
    return found


def _row(
    id: int, arrival: Arrival, original: tuple[int, bool] | None, known: _Known
) -> tuple[Message, Payload]:
    elements = len(arrival.identities) if arrival.identities is not None else 0
    same = original is not None and original[1]
    repeats = list(range(elements)) if same else known.repeats
    state = message.REJECTED if arrival.faults else message.RECEIVED
    row = Message(
        id, arrival.plant, arrival.system, arrival.envelope.channel, arrival.envelope.resource,
        arrival.envelope.change, arrival.envelope.received_at, state,
        arrival.envelope.headers.get("content-type", ""), arrival.delivery, len(arrival.envelope.body), elements,
        repeats or None, known.conflicts or None, original[0] if original else None, 0,
        _places(arrival.faults), arrival.trace or trace_for(id),
    )  # fmt: skip
    # The bytes of a repeat are those of its original.
    return row, Payload(_kept(arrival.envelope.headers), b"" if same else arrival.envelope.body)


def _places(faults: Sequence[Fault]) -> list[dict[str, Any]] | None:
    return [fault._asdict() for fault in faults[:100]] or None


def _kept(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name in _KEPT_HEADERS or name.startswith("ce-")}


def _receipt(row: Message, body: bytes, arrival: Arrival) -> Receipt:
    if arrival.identities is None:
        again = row.original is not None and not body
        return Receipt(int(not again), int(again), row.id, row.trace)
    repeats = len(row.duplicates or ())
    return Receipt(row.elements - repeats, repeats, row.id, row.trace)


def _count(connection: Connection, arrivals: Sequence[Arrival], receipts: Sequence[Receipt]) -> None:
    news: dict[str, channel.News] = {}
    for arrival, receipt in zip(arrivals, receipts, strict=True):
        if arrival.envelope.channel != channel.HOOK:
            continue  # what was asked for again says nothing of how its source is heard
        _, messages, repeats = news.get(arrival.system, (None, 0, 0))
        news[arrival.system] = channel.News(
            arrival.envelope.received_at, messages + 1, repeats + receipt.duplicates
        )
    if news:
        channel.heard(connection, news)
