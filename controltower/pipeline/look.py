"""One look at a polled source: its pages are kept, and what is gone is told apart from what is doubtful."""

import datetime
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Connection

from controltower.connectors.contract import Page, PolledRecord
from controltower.connectors.reading import name_fault
from controltower.domain.event import content_id
from controltower.domain.landscape import ANY_PLANT, System
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import DELETED, RETURNED
from controltower.store import channel, message
from controltower.store.channel import POLL, Holding, Mark
from controltower.store.message import Message, MessageIds, Payload

log = structlog.get_logger(__name__)

# A complete list that lacks more than half of this many records is believed only when it lacks them again and again:
# a source that answers an empty page by mistake would else count as having deleted everything.
_MANY = 20
LOOKS_TO_BELIEVE = 3
_DOUBTED = "doubted"
_ids = MessageIds(node=255)


class Overtaken(Exception):
    """Another process has read the same list since this look began: what we have is old."""


class Look:
    """One poll of one system under way; `doubts` says which lists were not believed."""

    def __init__(self, tower: Tower, system: System, marks: Mapping[str, Mark]) -> None:
        self._tower = tower
        self._system = system
        self._marks = dict(marks)
        self.doubts: list[str] = []

    def cursors(self) -> dict[str, Mapping[str, Any]]:
        """How far each list has been read, as its connector wrote it."""
        return {
            resource: {key: held for key, held in mark.cursor.items() if key != _DOUBTED}
            for resource, mark in self._marks.items()
        }

    def keep(self, connection: Connection, page: Page) -> None:
        """Keep one page: its changed records, what is gone, and the watermark. Raises Overtaken."""
        channel.to_change(connection, self._system.id, POLL)
        mark = channel.marks(connection, self._system.id, page.resource).get(page.resource)
        expected = self._marks.get(page.resource)
        if (mark and mark.moved_at) != (expected and expected.moved_at):
            raise Overtaken(page.resource)
        now = self._tower.now()
        self._keep_changed(connection, page, now)
        doubted = mark.cursor.get(_DOUBTED, 0) if mark else 0
        if page.everything is not None:
            doubted = self._keep_gone(connection, page, doubted, now)
        cursor = {**page.cursor, _DOUBTED: doubted} if doubted else page.cursor
        self._marks[page.resource] = Mark(cursor, now)
        channel.move_cursor(connection, self._system.id, page.resource, cursor, now)

    def _keep_changed(self, connection: Connection, page: Page, now: datetime.datetime) -> None:
        """Store the records that are not what they were at the last look; those that had been gone apart."""
        held = channel.held(connection, self._system.id, page.resource, [_key(each) for each in page.records])
        latest: dict[str, tuple[PolledRecord, str]] = {}
        for record in page.records:
            digest = hashlib.blake2b(record.fingerprint or record.body, digest_size=12).hexdigest()
            known = held.get(_key(record))
            if known is None or known.digest != digest:
                latest[_key(record)] = record, digest
        for change in ("", RETURNED):
            mine = [
                record.body
                for key, (record, _) in latest.items()
                if (key in held and held[key].is_gone) == bool(change)
            ]
            if mine:
                self._put(connection, page.resource, change, b"[" + b",".join(mine) + b"]", len(mine), now)
        holdings = [Holding(key, digest, _subject(record)) for key, (record, digest) in latest.items()]
        channel.hold(connection, self._system.id, page.resource, holdings)

    def _keep_gone(self, connection: Connection, page: Page, doubted: int, now: datetime.datetime) -> int:
        """Store what a complete list lacks, or doubt it. Returns how many looks in a row have been doubted."""
        held = channel.held_now(connection, self._system.id, page.resource)
        present = {_fit(native_id) for native_id in page.everything or ()}
        gone = [each for native_id, each in held.items() if native_id not in present]
        if len(held) > _MANY and len(gone) * 2 > len(held) and doubted < LOOKS_TO_BELIEVE:
            self.doubts.append(
                f"the whole list {page.resource} suddenly lacks {len(gone)} of {len(held)} records; "
                f"not believed until it says so {LOOKS_TO_BELIEVE - doubted} more times"
            )
            return doubted + 1
        told = [_note(each, now) for each in gone if each.subject]
        if told:
            self._put(connection, page.resource, DELETED, json.dumps(told).encode(), len(told), now)
        channel.let_go(connection, self._system.id, page.resource, [each.native_id for each in gone])
        return 0

    def _put(
        self,
        connection: Connection,
        resource: str,
        change: str,
        body: bytes,
        count: int,
        now: datetime.datetime,
    ) -> None:
        system = self._system
        plant = system.plants[0] if len(system.plants) == 1 else ANY_PLANT
        row = Message(
            _ids.next(), plant, system.id, POLL, resource, change, now, message.RECEIVED, "application/json", "",
            len(body), 0, None, None, None, 0, None, secrets.token_hex(16),
        )  # fmt: skip
        message.add(connection, [(row, Payload({"content-type": "application/json"}, body))])
        known = channel.to_change(connection, system.id, POLL)
        channel.put(connection, known._replace(last_message_at=now, messages=known.messages + 1))
        log.info(
            "polled",
            system=system.id,
            resource=resource,
            records=count,
            change=change or "new",
            message=row.id,
        )


def _note(gone: Holding, now: datetime.datetime) -> dict[str, str]:
    return {"native_id": gone.native_id, "subject": gone.subject, "at": now.isoformat()}


def _key(record: PolledRecord) -> str:
    return _fit(record.native_id)


def _fit(native_id: str) -> str:
    """The name under which a record is held: its own, unless no index takes that."""
    return content_id(native_id.encode(errors="surrogatepass")) if name_fault(native_id) else native_id


def _subject(record: PolledRecord) -> str:
    return "" if name_fault(record.subject) else record.subject
