"""One look at a polled source: its pages are kept, and what is gone is told apart from what is doubtful."""

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection

from controltower.connectors.contract import Page, PolledRecord
from controltower.connectors.reading import name_fault
from controltower.domain.event import content_id
from controltower.domain.landscape import ANY_PLANT, System
from controltower.domain.trace import trace_for
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import DELETED, RETURNED
from controltower.store import channel, message
from controltower.store.channel import POLL, Holding, Mark
from controltower.store.engine import reading, writing
from controltower.store.message import Message, MessageIds, Payload
from controltower.store.schema import write_json

log = structlog.get_logger(__name__)

# A complete list that lacks more than half of this many records is believed only when it lacks them again and again:
# a source that answers an empty page by mistake would else count as having deleted everything.
_MANY = 20
LOOKS_TO_BELIEVE = 3
# A list that lacks records and is exactly as long as a page usually is has been cut off, more likely than not.
USUAL_LIMITS = frozenset({10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000})
LOOKS_TO_BELIEVE_A_LIMIT = 200
_DOUBTED = "doubted"
_ids = MessageIds(node=255)


class Overtaken(Exception):
    """Another process has read the same list since this look began: what we have is old."""


class _Changed(NamedTuple):
    """A record to be stored: "" for new or changed, RETURNED for one that had been gone."""

    change: str
    body: bytes
    holding: Holding


class Look:
    """One poll of one system under way."""

    def __init__(self, tower: Tower, system: System, marks: Mapping[str, Mark]) -> None:
        self._tower = tower
        self._system = system
        self._marks = dict(marks)
        self._doubted: dict[str, tuple[str, str]] = {}
        self._stored: list[Message] = []

    @property
    def doubts(self) -> list[tuple[str, str]]:
        """What the source said that was not believed: the kind (as of SourceUnavailable) and the words."""
        return list(self._doubted.values())

    def cursors(self) -> dict[str, Mapping[str, Any]]:
        """How far each list has been read, as its connector wrote it."""
        return {
            resource: {key: held for key, held in mark.cursor.items() if key != _DOUBTED}
            for resource, mark in self._marks.items()
        }

    def keep(self, page: Page) -> None:
        """Keep one page: its changed records, what is gone, and the watermark. Raises Overtaken.

        Long lists are compared before the turn to write is taken, and where nothing is new it is not taken at all.
        """
        if page.doubt is not None:
            self._doubted[page.resource] = page.doubt
        with reading(self._tower.engine) as connection:
            changed = self._changed(connection, page)
            gone = self._gone(connection, page)
        mark = self._marks.get(page.resource)
        cursor = self._moved(page, mark)
        if not changed and not gone and mark and write_json(cursor) == write_json(mark.cursor):
            return
        with writing(self._tower.engine) as connection:
            self._check_turn(connection, page.resource, mark)
            now = self._tower.now()
            self._store_changed(connection, page.resource, changed, now)
            self._store_gone(connection, page.resource, gone, now)
            channel.move_cursor(connection, self._system.id, page.resource, cursor, now)
        self._marks[page.resource] = Mark(cursor, now)
        self._tower.witness.polled(self._stored)
        self._stored.clear()

    def _check_turn(self, connection: Connection, resource: str, mark: Mark | None) -> None:
        channel.to_change(connection, self._system.id, POLL)
        found = channel.marks(connection, self._system.id, resource).get(resource)
        if (found and found.moved_at) != (mark and mark.moved_at):
            raise Overtaken(resource)

    def _moved(self, page: Page, mark: Mark | None) -> Mapping[str, Any]:
        """The connector's cursor, with how many looks in a row have been doubted beside it."""
        doubted = mark.cursor.get(_DOUBTED, 0) if mark else 0
        if page.everything is not None:
            doubted = doubted + 1 if page.resource in self._doubted else 0
        return {**page.cursor, _DOUBTED: doubted} if doubted else page.cursor

    def _changed(self, connection: Connection, page: Page) -> list[_Changed]:
        """The records that are not what they were at the last look."""
        held = channel.held(connection, self._system.id, page.resource, [_key(each) for each in page.records])
        latest: dict[str, _Changed] = {}
        for record in page.records:
            key = _key(record)
            digest = hashlib.blake2b(record.fingerprint or record.body, digest_size=12).hexdigest()
            known = held.get(key)
            if known is None or known.digest != digest:
                change = RETURNED if known is not None and known.is_gone else ""
                latest[key] = _Changed(change, record.body, Holding(key, digest, _subject(record)))
        return list(latest.values())

    def _gone(self, connection: Connection, page: Page) -> list[Holding]:
        """What a complete list lacks, unless that is doubtful."""
        if page.everything is None:
            return []
        held = channel.held_now(connection, self._system.id, page.resource)
        present = {_fit(native_id) for native_id in page.everything}
        gone = [each for native_id, each in held.items() if native_id not in present]
        # Without a subject: a record whose going is no news, such as an old order that is tidied away.
        lacking = sum(bool(each.subject) for each in gone)
        whole = sum(bool(each.subject) for each in held.values())
        doubt = _doubt(len(present), lacking, whole)
        if doubt is None:
            return gone
        kind, looks = doubt
        mark = self._marks.get(page.resource)
        left = looks - (mark.cursor.get(_DOUBTED, 0) if mark else 0)
        if left <= 0:
            return gone
        words = f"the whole list {page.resource} suddenly lacks {lacking} of {whole} records"
        length = f" and is exactly {len(present)} long" if kind == PAGE_LIMIT else ""
        words += f"{length}; not believed until it says so {left} more times"
        self._doubted[page.resource] = kind, words
        return []

    def _store_changed(
        self, connection: Connection, resource: str, changed: list[_Changed], now: datetime.datetime
    ) -> None:
        for change in ("", RETURNED):
            bodies = [each.body for each in changed if each.change == change]
            if bodies:
                self._put(connection, resource, change, b"[" + b",".join(bodies) + b"]", len(bodies), now)
        channel.hold(connection, self._system.id, resource, [each.holding for each in changed])

    def _store_gone(
        self, connection: Connection, resource: str, gone: list[Holding], now: datetime.datetime
    ) -> None:
        told = [_note(each, now) for each in gone if each.subject]
        if told:
            self._put(connection, resource, DELETED, json.dumps(told).encode(), len(told), now)
        channel.let_go(connection, self._system.id, resource, [each.native_id for each in gone])

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
        id = _ids.next()
        row = Message(
            id, plant, system.id, POLL, resource, change, now, message.RECEIVED, "application/json", "",
            len(body), 0, None, None, None, 0, None, trace_for(id),
        )  # fmt: skip
        message.add(connection, [(row, Payload({"content-type": "application/json"}, body))])
        self._stored.append(row)
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


PAGE_LIMIT = "page-limit"


def _doubt(present: int, lacking: int, whole: int) -> tuple[str, int] | None:
    """Why a complete list is not believed, and how many looks in a row would make it so; None where it is."""
    if lacking > 1 and present in USUAL_LIMITS:
        return PAGE_LIMIT, LOOKS_TO_BELIEVE_A_LIMIT
    if whole > _MANY and lacking * 2 > whole:
        return "contract", LOOKS_TO_BELIEVE
    return None


def _note(gone: Holding, now: datetime.datetime) -> dict[str, str]:
    return {"native_id": gone.native_id, "subject": gone.subject, "at": now.isoformat()}


def _key(record: PolledRecord) -> str:
    return _fit(record.native_id)


def _fit(native_id: str) -> str:
    """The name under which a record is held: its own, unless no index takes that."""
    return content_id(native_id.encode(errors="surrogatepass")) if name_fault(native_id) else native_id


def _subject(record: PolledRecord) -> str:
    return "" if name_fault(record.subject) else record.subject
