"""The inbox: each message byte for byte, its state, and the keys by which a second delivery is told."""

import datetime
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    bindparam,
    func,
    select,
    update,
)

from controltower.store.bulk import IGNORE, write
from controltower.store.schema import (
    AnyRow,
    Bytes,
    Json,
    Name,
    Serial,
    Timestamp,
    inline,
    metadata,
    microseconds,
    write_json,
)

RECEIVED, RECORDED, PARKED, PARTLY, REJECTED, DUPLICATE = (
    "received recorded parked partly rejected duplicate".split()
)
# The states that somebody has to mend.
FAULTY = (PARKED, PARTLY, REJECTED)

message = Table(
    "message",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=False),
    Column("plant", Name, primary_key=True),
    Column("system", Name, nullable=False),
    Column("channel", Name, nullable=False),
    Column("resource", Name, nullable=False),
    Column("change", Name, nullable=False),
    Column("received_at", Timestamp, nullable=False),
    Column("state", Name, nullable=False),
    Column("content_type", Name, nullable=False),
    Column("delivery", Name, nullable=False),
    Column("size", Integer, nullable=False),
    Column("elements", Integer, nullable=False),
    Column("duplicates", Json),
    Column("conflicts", Json),
    Column("original", Serial),
    Column("events", Integer, nullable=False),
    Column("faults", Json),
    Column("trace", Name, nullable=False),
)
Index("ix_message_system_id", message.c.system, message.c.id)
Index(
    "ix_message_waiting", message.c.id,
    sqlite_where=message.c.state == RECEIVED, postgresql_where=message.c.state == RECEIVED,
)  # fmt: skip
_faulty = message.c.state.in_([inline(state) for state in FAULTY])
Index("ix_message_faulty", message.c.id, sqlite_where=_faulty, postgresql_where=_faulty)
Index(
    "ix_message_system_faulty", message.c.system, message.c.state, message.c.id,
    sqlite_where=_faulty, postgresql_where=_faulty,
)  # fmt: skip

payload = Table(
    "payload",
    metadata,
    Column("message", Serial, primary_key=True, autoincrement=False),
    Column("plant", Name, primary_key=True),
    Column("headers", Json, nullable=False),
    Column("body", Bytes, nullable=False),
)

# Narrow and without the plant, for a sender's id says nothing of plants; the first message that carries a key owns it.
delivery_key = Table(
    "delivery_key",
    metadata,
    Column("system", Name, primary_key=True),
    Column("delivery", Name, primary_key=True),
    Column("message", Serial, nullable=False),
    Column("digest", Name, nullable=False),
    sqlite_with_rowid=False,
)

# Which element of which message owns a source id: the one place where a second telling is recognised. Keyed by the
# source's own ids, which mostly grow with time: a hash would scatter the inserts over the whole table, and the cost
# of an event would grow with history.
event_key = Table(
    "event_key",
    metadata,
    Column("system", Name, primary_key=True),
    Column("source_id", Name, primary_key=True),
    Column("message", Serial, nullable=False),
    Column("n", Integer, nullable=False),
    Column("fingerprint", Name, nullable=False),
    sqlite_with_rowid=False,
)

# What fingerprints begin with that were taken from translated events; the door takes them from bytes.
BY_TRANSLATION = "t:"
_BYTES_AT_ONCE = 2 * 2**20


class Message(NamedTuple):
    """One envelope's place in the inbox; its bytes are in the payload."""

    id: int
    plant: str
    system: str
    channel: str
    resource: str
    change: str
    received_at: datetime.datetime
    state: str
    content_type: str
    delivery: str
    size: int
    elements: int
    duplicates: list[int] | None  # the elements that had been told before
    conflicts: list[int] | None  # the elements whose id had been used before for something else
    original: int | None  # the message of which this is a second delivery
    events: int
    faults: list[dict[str, Any]] | None
    trace: str


class Payload(NamedTuple):
    headers: Mapping[str, str]
    body: bytes


class Key(NamedTuple):
    """The owner of an event id."""

    message: int
    n: int
    fingerprint: str


class MessageIds:
    """Ids that grow with time and never repeat in a process: microseconds since 2020, eight bits for the node."""

    _START = 1_577_836_800_000_000

    def __init__(self, node: int = 0) -> None:
        self._node = node & 0xFF
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            self._last = max(time.time_ns() // 1000 - self._START, self._last + 1)
            return self._last << 8 | self._node


def add(connection: Connection, rows: Sequence[tuple[Message, Payload]]) -> None:
    """Store messages with their bytes."""
    write(connection, message, [_row(each) for each, _ in rows])
    write(
        connection,
        payload,
        [(each.id, each.plant, write_json(dict(held.headers)), held.body) for each, held in rows],
    )


def _row(each: Message) -> tuple[Any, ...]:
    return (
        *each[:6], microseconds(each.received_at), *each[7:12],
        write_json(each.duplicates) if each.duplicates else None,
        write_json(each.conflicts) if each.conflicts else None, each.original, each.events,
        write_json(each.faults) if each.faults else None, each.trace,
    )  # fmt: skip


def claim_deliveries(
    connection: Connection, claims: Sequence[tuple[str, str, int, str]]
) -> dict[tuple[str, str], tuple[int, str]]:
    """Claim (system, delivery id) for messages; returns each key's owner: (message, digest)."""
    return {key: (rest[0], rest[1]) for key, rest in _claim(connection, delivery_key, claims)}


def claim_events(
    connection: Connection, claims: Sequence[tuple[str, str, int, int, str]]
) -> dict[tuple[str, str], Key]:
    """Claim (system, source id) for (message, n); returns each key's owner: an older message for a duplicate."""
    return {key: Key(*rest) for key, rest in _claim(connection, event_key, claims)}


def _claim(
    connection: Connection, table: Table, claims: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[tuple[str, str], tuple[Any, ...]]]:
    if write(connection, table, claims, IGNORE) == len(claims):
        # All of them are new, as nearly always: each is its own owner, and nothing need be read back.
        yield from (((claim[0], claim[1]), claim[2:]) for claim in claims)
        return
    by_system: dict[str, list[str]] = {}
    for claim in claims:
        by_system.setdefault(claim[0], []).append(claim[1])
    for system, names in by_system.items():
        for chunk in _chunks(names):
            found = connection.execute(select(table).where(table.c[0] == system, table.c[1].in_(chunk)))
            for row in found:
                yield (row[0], row[1]), tuple(row[2:])


def _chunks(keys: list[str], size: int = 500) -> Iterable[list[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def waiting(connection: Connection, limit: int) -> list[tuple[Message, Payload]]:
    """The oldest messages that nobody has translated yet, with their bytes: at most `limit`, and a few megabytes."""
    return _with_payload(connection, select(message).where(message.c.state == RECEIVED), limit)


def still_waiting(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Those of some messages that nobody has translated yet."""
    chosen = select(message.c.id).where(message.c.id.in_(ids), message.c.state == RECEIVED)
    return set(connection.execute(chosen).scalars())


def all_after(connection: Connection, after: int, limit: int) -> list[tuple[Message, Payload]]:
    """Messages of any state in the order of their arrival, for reprocessing; bounded like `waiting`."""
    return _with_payload(connection, select(message).where(message.c.id > after), limit)


def _with_payload(connection: Connection, chosen: Select[Any], limit: int) -> list[tuple[Message, Payload]]:
    rows = connection.execute(chosen.order_by(message.c.id).limit(limit))
    found = list(_first_bytes([Message(*row) for row in rows]))
    held = connection.execute(select(payload).where(payload.c.message.in_([each.id for each in found])))
    bodies = {row.message: Payload(row.headers, bytes(row.body)) for row in held}
    return [(each, bodies[each.id]) for each in found]


def _first_bytes(found: list[Message]) -> Iterable[Message]:
    """As many of the first messages as fit into memory without being felt, and always one."""
    total = 0
    for each in found:
        total += each.size
        if total > _BYTES_AT_ONCE and each is not found[0]:
            return
        yield each


def get(connection: Connection, id: int) -> tuple[Message, Payload] | None:
    """One message with its bytes."""
    found = _with_payload(connection, select(message).where(message.c.id == id), 1)
    return found[0] if found else None


def by_delivery(connection: Connection, system: str, delivery: str) -> int | None:
    """The message that a sender's own delivery id (or poll) names; None when it is unknown."""
    mine = (delivery_key.c.system == system, delivery_key.c.delivery == delivery)
    found: int | None = connection.execute(select(delivery_key.c.message).where(*mine)).scalar()
    return found


def settle(connection: Connection, states: Sequence[Mapping[str, Any]]) -> None:
    """Write down what became of messages: mappings with b_id, b_plant, b_state, b_events, b_faults."""
    if states:
        connection.execute(_SETTLE, list(states))


_SETTLE = (
    update(message)
    .where(message.c.id == bindparam("b_id"), message.c.plant == bindparam("b_plant"))
    .values(state=bindparam("b_state"), events=bindparam("b_events"), faults=bindparam("b_faults"))
)


def reopen(connection: Connection, ids: Sequence[int]) -> int:
    """Let messages be translated again (after a mapping was mended). Returns how many."""
    changed = connection.execute(
        update(message)
        .where(message.c.id.in_(ids), message.c.state.in_((PARKED, PARTLY)))
        .values(state=RECEIVED)
    )
    return changed.rowcount


def backlog(connection: Connection) -> tuple[int, datetime.datetime | None]:
    """How many messages wait to be translated, and since when the oldest does."""
    row = connection.execute(
        select(func.count(), func.min(message.c.received_at)).where(message.c.state == RECEIVED)
    ).one()
    return row[0], row[1]


def oldest_waiting(connection: Connection) -> datetime.datetime | None:
    """When the oldest message came that nobody has translated yet; None when none waits."""
    chosen = select(message.c.received_at).where(message.c.state == RECEIVED).order_by(message.c.id).limit(1)
    return connection.execute(chosen).scalar()


def listing(
    connection: Connection,
    *,
    system: str = "",
    state: str = "",
    channel: str = "",
    plants: Sequence[str] = (),
    before: int | None = None,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
    limit: int = 50,
) -> list[Message]:
    """Messages, newest first, from below a given id (keyset paging). `state` "faulty" means any that needs mending."""
    wants_faulty = state == "faulty" or state in FAULTY
    # Sorted by no index, or SQLite would look for a system's few faulty messages among all of its messages.
    newest = message.c.id + 0 if wants_faulty and system else message.c.id
    chosen = select(message).order_by(newest.desc()).limit(limit)
    conditions = (
        system and message.c.system == system,
        channel and message.c.channel == channel,
        plants and message.c.plant.in_(plants),
        wants_faulty and _faulty,
        state and state != "faulty" and message.c.state == state,
        None if before is None else message.c.id < before,
        None if since is None else message.c.received_at >= since,
        None if until is None else message.c.received_at < until,
    )
    chosen = chosen.where(*(each for each in conditions if isinstance(each, ColumnElement)))
    return [Message(*row) for row in connection.execute(chosen)]


def parked_counts(connection: Connection) -> dict[str, int]:
    """How many messages of each system are parked, wholly or in part; for the systems pages."""
    chosen = (
        select(message.c.system, func.count())
        .where(_faulty, message.c.state.in_((PARKED, PARTLY)))
        .group_by(message.c.system)
    )
    return {row[0]: row[1] for row in connection.execute(chosen)}


def parked_of(connection: Connection, system: str, since: datetime.datetime, limit: int = 5) -> list[Message]:
    """The messages of a system since a moment that could not be used, or only in part."""
    chosen = (
        select(message)
        .where(
            message.c.system == system,
            _faulty,
            message.c.state.in_((PARKED, PARTLY)),
            message.c.received_at >= since,
        )
        .order_by(message.c.received_at, message.c.id)
        .limit(limit)
    )
    return [Message(*row) for row in connection.execute(chosen)]


def parked_by(connection: Connection, system: str, limit: int = 500) -> list[Message]:
    """The messages of a system that could not be used, or only in part, the newest first."""
    mine = message.c.system == system, _faulty, message.c.state.in_((PARKED, PARTLY))
    # Sorted by no index, or SQLite would look for a system's few faulty messages among all of its messages.
    chosen = select(message).where(*mine).order_by((message.c.id + 0).desc()).limit(limit)
    return [Message(*row) for row in connection.execute(chosen)]


def holding(connection: Connection, ids: Sequence[int], text: bytes) -> set[int]:
    """Those of some messages whose bytes hold a text."""
    if connection.dialect.name == "sqlite":
        place = func.instr(payload.c.body, bindparam("text", text, Bytes))
    else:
        place = func.position(bindparam("text", text, Bytes).op("IN")(payload.c.body))
    found: set[int] = set()
    for start in range(0, len(ids), 500):
        chosen = select(payload.c.message).where(payload.c.message.in_(ids[start : start + 500]), place > 0)
        found.update(connection.execute(chosen).scalars())
    return found


def by_ids(connection: Connection, ids: Sequence[int]) -> dict[int, Message]:
    """Messages by id, without their bytes."""
    found: dict[int, Message] = {}
    for start in range(0, len(ids), 500):
        rows: Iterable[AnyRow] = connection.execute(
            select(message).where(message.c.id.in_(ids[start : start + 500]))
        )
        found.update({row[0]: Message(*row) for row in rows})
    return found
