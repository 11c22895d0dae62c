"""One polled source is read: what changed goes to the inbox, and the cursor moves in the same transaction."""

import datetime
import hashlib
import json
import secrets

import structlog
from sqlalchemy import Connection

from controltower.connectors.contract import Envelope, Page, PolledRecord, SourceUnavailable
from controltower.domain.landscape import ANY_PLANT, System
from controltower.pipeline.tower import Tower
from controltower.store import channel, message
from controltower.store.channel import POLL, Channel, Holding, Outage
from controltower.store.engine import reading, writing
from controltower.store.message import Message, MessageIds, Payload

log = structlog.get_logger(__name__)

_LONGEST_WAIT_SECONDS = 600.0
_ids = MessageIds(node=255)


def poll(tower: Tower, system_id: str) -> float:
    """Read all that is new at one source. Returns the real seconds until its next turn.

    A source that does not answer is not an error of ours: it is written down, shown, and asked again later.
    """
    system = tower.landscape.systems[system_id]
    every = system.polling.every if system.polling else 60.0
    with reading(tower.engine) as connection:
        cursors = channel.cursors(connection, system_id)
    try:
        for page in tower.connectors[system_id].poll(cursors):
            with writing(tower.engine) as connection:
                _store(connection, tower, system, page)
    except SourceUnavailable as trouble:
        return _failed(tower, system, trouble, every)
    _succeeded(tower, system)
    return every


def _store(connection: Connection, tower: Tower, system: System, page: Page) -> None:
    """Keep one page: its changed records, what is gone, and the watermark."""
    now = tower.now()
    changed = _changed(connection, system, page)
    if changed:
        body = b"[" + b",".join(record.body for record, _ in changed) + b"]"
        _put(connection, system, page.resource, "", body, len(changed), now)
        channel.hold(
            connection, system.id, page.resource,
            [Holding(record.native_id, digest, record.subject) for record, digest in changed],
        )  # fmt: skip
    if page.everything is not None:
        _note_gone(connection, system, page, now)
    channel.move_cursor(connection, system.id, page.resource, page.cursor, now)


def _changed(connection: Connection, system: System, page: Page) -> list[tuple[PolledRecord, str]]:
    """The records that are not what they were at the last look."""
    held = channel.held(connection, system.id, page.resource, [record.native_id for record in page.records])
    latest: dict[str, tuple[PolledRecord, str]] = {}
    for record in page.records:
        digest = hashlib.blake2b(record.fingerprint or record.body, digest_size=12).hexdigest()
        known = held.get(record.native_id)
        if known is None or known.digest != digest:
            latest[record.native_id] = record, digest
    return list(latest.values())


def _note_gone(connection: Connection, system: System, page: Page, now: datetime.datetime) -> None:
    held = channel.held(connection, system.id, page.resource)
    gone = [each for native_id, each in held.items() if native_id not in (page.everything or ())]
    if not gone:
        return
    told = [
        {"native_id": each.native_id, "subject": each.subject, "at": now.isoformat()}
        for each in gone
        if each.subject
    ]
    if told:
        _put(connection, system, page.resource, "deleted", json.dumps(told).encode(), len(told), now)
    channel.let_go(connection, system.id, page.resource, [each.native_id for each in gone])


def _put(
    connection: Connection,
    system: System,
    resource: str,
    change: str,
    body: bytes,
    count: int,
    now: datetime.datetime,
) -> None:
    plant = system.plants[0] if len(system.plants) == 1 else ANY_PLANT
    envelope = Envelope(POLL, resource, {"content-type": "application/json"}, body, now, change)
    row = Message(
        _ids.next(), plant, system.id, POLL, resource, change, now, message.RECEIVED, "application/json", "", len(body),
        0, None, None, None, 0, None, secrets.token_hex(16),
    )  # fmt: skip
    message.add(connection, [(row, Payload(envelope.headers, body))])
    known = channel.to_change(connection, system.id, POLL)
    channel.put(connection, known._replace(last_message_at=now, messages=known.messages + 1))
    log.info(
        "polled", system=system.id, resource=resource, records=count, change=change or "new", message=row.id
    )


def _succeeded(tower: Tower, system: System) -> None:
    now = tower.now()
    with writing(tower.engine) as connection:
        known = channel.to_change(connection, system.id, POLL)
        if known.failures:
            log.info("source is back", system=system.id, failures=known.failures)
            channel.end_outage(connection, system.id, POLL, now)
        channel.put(
            connection,
            known._replace(
                last_attempt_at=now,
                last_success_at=now,
                failures=0,
                last_error="",
                error_kind="",
                next_at=None,
            ),
        )


def _failed(tower: Tower, system: System, trouble: SourceUnavailable, every: float) -> float:
    now = tower.now()
    with writing(tower.engine) as connection:
        known = channel.to_change(connection, system.id, POLL)
        wait = _wait(known, trouble, every)
        if not known.failures:
            log.warning("source does not answer", system=system.id, kind=trouble.kind, reason=str(trouble))
            began = known.last_success_at or now
            channel.begin_outage(
                connection, Outage(system.id, POLL, trouble.kind, str(trouble)[:500], began, None)
            )
        channel.put(
            connection,
            known._replace(
                last_attempt_at=now, failures=known.failures + 1, last_error=str(trouble)[:500],
                error_kind=trouble.kind, next_at=now + datetime.timedelta(seconds=wait),
            ),
        )  # fmt: skip
    return wait


def _wait(known: Channel, trouble: SourceUnavailable, every: float) -> float:
    """Twice as long at each failure, up to a limit; what the source itself asks for wins."""
    if trouble.retry_after is not None:
        return max(trouble.retry_after, every)
    return min(every * 2.0 ** min(known.failures, 16), max(_LONGEST_WAIT_SECONDS, every))
