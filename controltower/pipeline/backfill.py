"""What was missed is fetched from its source and goes through the front door: webhooks are asked for again, and rows
that differ are stored like those of a poll."""

import datetime
from collections.abc import Iterable, Mapping, Sequence

import structlog
from sqlalchemy import Connection

from controltower.connectors.contract import (
    Envelope,
    Identity,
    InvalidMessage,
    Replayed,
    Replayer,
    SourceUnavailable,
)
from controltower.domain.comparison import OLDER, Difference
from controltower.domain.event import content_id
from controltower.domain.landscape import ANY_PLANT, System
from controltower.domain.subject import Subject
from controltower.domain.trace import trace_for
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.arrival import Arrival, store_arrivals
from controltower.pipeline.holdings import Row, can_tell, terms_of, walk
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import DELETED, FETCHED, REPLAY, RETURNED
from controltower.store import audit, comparison, message
from controltower.store.engine import writing
from controltower.store.known import known_events
from controltower.store.message import Message, MessageIds, Payload
from controltower.store.schema import write_json

log = structlog.get_logger(__name__)

_ids = MessageIds(node=254)
_AT_ONCE = 200


def backfill(
    tower: Tower,
    system_id: str,
    since: datetime.datetime,
    until: datetime.datetime,
    who: str,
    reason: str,
    subject: Subject | None = None,
) -> str:
    """Fetch what a system has sent between two moments, and what it holds otherwise than believed. Returns what came of
    it, in words; `subject` is stored even if nothing differs.

    Raises LookupError for an unknown system, NotPossible where it cannot be asked or does not answer."""
    system = tower.landscape.systems.get(system_id)
    if system is None:
        raise LookupError(system_id)
    if since > until:
        raise NotPossible("The time range ends before it begins.")
    try:
        words = [
            each for each in (_replayed(tower, system, since, until), _filled(tower, system, subject)) if each
        ]
    except SourceUnavailable as trouble:
        raise NotPossible(f"{system.title} does not give it: {trouble}") from trouble
    if not words:
        raise NotPossible(f"{system.title} can neither send again nor tell what it holds.")
    told = "; ".join(words)
    with writing(tower.engine) as connection:
        span = f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
        entry = audit.Entry(tower.now(), who, "system.backfill", system_id, f"{span}: {told}. {reason}")
        audit.write_down(connection, entry)
    log.info("backfilled", system=system_id, words=told)
    return told


# ---- webhooks again -------------------------------------------------------------------------------------------------


def can_replay(tower: Tower, system: str) -> bool:
    """Whether a system can be asked for its webhooks again."""
    connector = tower.connectors.get(system)
    return isinstance(connector, Replayer) and connector.can_replay()


def _replayed(tower: Tower, system: System, since: datetime.datetime, until: datetime.datetime) -> str:
    connector = tower.connectors[system.id]
    if not isinstance(connector, Replayer) or not connector.can_replay():
        return ""
    asked = fresh = 0
    portion: list[Replayed] = []
    for each in connector.replay(since, until):
        portion.append(each)
        asked += 1
        if len(portion) >= _AT_ONCE:
            fresh += _take(tower, system, portion)
            portion = []
    fresh += _take(tower, system, portion)
    return f"{asked} webhooks were sent again, {fresh} of them had been missed"


def _take(tower: Tower, system: System, portion: Sequence[Replayed]) -> int:
    """Store the webhooks that hold anything that never came. Returns how many."""
    arrivals = [each for each in (_arrival(tower, system, one) for one in portion) if each is not None]
    with writing(tower.engine) as connection:
        fresh = [each for each in arrivals if _is_news(connection, system.id, each)]
        if fresh:
            store_arrivals(connection, _ids, fresh)
    return len(fresh)


def _arrival(tower: Tower, system: System, one: Replayed) -> Arrival | None:
    """One webhook as if it came now; None for one that no door would take."""
    asked = Envelope("hook", "", one.headers, one.body, tower.now())
    try:
        identities = tower.connectors[system.id].identify(asked)
    except InvalidMessage:
        return None
    delivery = one.headers.get("webhook-id") or content_id(one.body)
    digest = content_id(one.body)
    envelope = asked._replace(channel=REPLAY, resource=REPLAY)
    return Arrival(system.id, _plant(system), envelope, delivery, digest, identities, (), "")


def _is_news(connection: Connection, system: str, arrival: Arrival) -> bool:
    identities: Sequence[Identity] = arrival.identities or ()
    if message.by_delivery(connection, system, arrival.delivery) is not None:
        return False
    known = known_events(connection, system, [each.source_id for each in identities])
    return not identities or any(each.source_id not in known for each in identities)


# ---- rows that differ -----------------------------------------------------------------------------------------------


def _filled(tower: Tower, system: System, subject: Subject | None) -> str:
    if not can_tell(tower, system.id):
        return ""
    sides = walk(tower, system, tower.now() - terms_of(system).window, subject)
    rows = [(row, each.kind == OLDER) for each, row in sides.differing.values()]
    changed, gone = len(rows), len(sides.lacking)
    if sides.row is not None and sides.row.event.subject not in sides.differing:
        rows.append((sides.row, False))
    with writing(tower.engine) as connection:
        same = {each.subject for each in sides.found()}
        known = comparison.differences(connection, system.id)
        comparison.drop(connection, [each for each in known if each.subject not in same])
        _store(connection, tower, system, rows)
        _store_gone(connection, tower, system, sides.lacking)
    return f"of {sides.read} records {changed} were stored that differed, {gone} are gone there"


def _store(connection: Connection, tower: Tower, system: System, rows: Iterable[tuple[Row, bool]]) -> None:
    """Store rows like those of a poll. One that is older than what is believed counts from now on: it is what the
    system holds after all."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row, is_older in rows:
        change = RETURNED if is_older else ""
        groups.setdefault((row.page.resource, change, write_json(dict(row.page.headers))), []).append(row)
    for (resource, change, _), held in groups.items():
        for start in range(0, len(held), _AT_ONCE):
            part = held[start : start + _AT_ONCE]
            body = b"[" + b",".join(row.record.body for row in part) + b"]"
            _put(connection, tower, system, resource, change, part[0].page.headers, body)


def _store_gone(connection: Connection, tower: Tower, system: System, gone: Sequence[Difference]) -> None:
    at = tower.now().isoformat()
    notes = [{"native_id": each.subject.key, "subject": str(each.subject), "at": at} for each in gone]
    if notes:
        headers = {"content-type": "application/json"}
        _put(connection, tower, system, "", DELETED, headers, write_json(notes).encode())


def _put(
    connection: Connection,
    tower: Tower,
    system: System,
    resource: str,
    change: str,
    headers: Mapping[str, str],
    body: bytes,
) -> None:
    id = _ids.next()
    row = Message(
        id, _plant(system), system.id, FETCHED, resource, change, tower.now(), message.RECEIVED,
        headers.get("content-type", ""), "", len(body), 0, None, None, None, 0, None, trace_for(id),
    )  # fmt: skip
    message.add(connection, [(row, Payload(dict(headers), body))])


def _plant(system: System) -> str:
    return system.plants[0] if len(system.plants) == 1 else ANY_PLANT
