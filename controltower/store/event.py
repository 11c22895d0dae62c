"""The canonical timeline: every event, in the order of the inbox."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    Text,
    and_,
    func,
    or_,
    select,
    type_coerce,
)

from controltower.domain.event import Event, Position, Recorded
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.store.about import about_order
from controltower.store.bulk import IGNORE, write
from controltower.store.schema import (
    AnyRow,
    Name,
    Serial,
    Timestamp,
    metadata,
    microseconds,
    write_json,
)

event = Table(
    "event",
    metadata,
    Column("message", Serial, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("plant", Name, primary_key=True),
    Column("subject", Name, nullable=False),
    Column("type", Name, nullable=False),
    Column("system", Name, nullable=False),
    Column("source_id", Name, nullable=False),
    Column("channel", Name, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("occurred_text", Name, nullable=False),
    Column("learnt_at", Timestamp, nullable=False),
    Column("sequence", Serial),
    Column("attributes", Text, nullable=False),
    Column("refs", Text, nullable=False),
    Column("correlation", Name, nullable=False),
    Column("trace", Name, nullable=False),
)
Index("ix_event_plant_subject", event.c.plant, event.c.subject, event.c.message, event.c.n)

_attributes = msgspec.json.Decoder(dict[str, Value])
_refs = msgspec.json.Decoder(dict[str, str])


def add(connection: Connection, events: Sequence[Recorded]) -> int:
    """Append events; one that is there already stays as it is. Returns how many were new."""
    return write(connection, event, [_row(each) for each in events], IGNORE)


def _row(recorded: Recorded) -> tuple[Any, ...]:
    each, position = recorded.event, recorded.position
    return (
        position.message, position.n, each.subject.plant, each.subject.name, each.type, each.system, each.source_id,
        recorded.channel, microseconds(each.occurred_at), each.occurred_text, microseconds(recorded.learnt_at),
        each.sequence, write_json(each.attributes), write_json(each.refs), each.correlation, recorded.trace,
    )  # fmt: skip


def read(row: AnyRow) -> Recorded:
    made = Event(
        row.type, Subject(row.plant, row.subject), row.system, row.source_id, row.occurred_at, row.occurred_text,
        _attributes.decode(row.attributes), _refs.decode(row.refs), row.sequence, row.n >> 8, row.correlation,
    )  # fmt: skip
    return Recorded(made, Position(row.message, row.n), row.learnt_at, row.channel, row.trace)


def of_subject(
    connection: Connection, subject: Subject, limit: int = 2000, before: Position | None = None
) -> list[Recorded]:
    """A subject's events in the order of their positions; the newest `limit` of them, `before` a position."""
    chosen = _about(select(event), subject).order_by(event.c.message.desc(), event.c.n.desc()).limit(limit)
    if before is not None:
        earlier = and_(event.c.message == before.message, event.c.n < before.n)
        chosen = chosen.where(
            event.c.message <= before.message, or_(event.c.message < before.message, earlier)
        )
    return [read(row) for row in connection.execute(chosen)][::-1]


def story(connection: Connection, subject: Subject) -> Iterator[Recorded]:
    """All of a subject's events in the order of their positions, however many: a thousand at a time in memory."""
    chosen = _about(select(event), subject).order_by(event.c.message, event.c.n)
    return map(read, connection.execute(chosen.execution_options(yield_per=1000)))


def _about(chosen: Select[Any], subject: Subject) -> Select[Any]:
    return chosen.where(event.c.plant == subject.plant, event.c.subject == subject.name)


def of_order(connection: Connection, plant: str, order: str, limit: int = 3000) -> list[Recorded]:
    """The events of an order and of its operations, in the order of their positions; the newest `limit`."""
    newest = (event.c.message.desc(), event.c.n.desc())
    rows = about_order(connection, event, plant, order, *newest, limit=limit)
    return sorted(map(read, rows), key=lambda each: each.position)[-limit:]


def of_message(connection: Connection, message: int, limit: int = 500) -> list[Recorded]:
    """What came out of one message."""
    chosen = select(event).where(event.c.message == message).order_by(event.c.n).limit(limit)
    return [read(row) for row in connection.execute(chosen)]


def ages(connection: Connection, messages: Sequence[int]) -> dict[int, datetime.timedelta]:
    """By message, how old the oldest of its events was when it came; negative where its clock was ahead."""
    if not messages:
        return {}
    age = func.max(type_coerce(event.c.learnt_at, BigInteger) - type_coerce(event.c.occurred_at, BigInteger))
    chosen = select(event.c.message, age).where(event.c.message.in_(messages)).group_by(event.c.message)
    return {row[0]: datetime.timedelta(microseconds=int(row[1])) for row in connection.execute(chosen)}


def feed(connection: Connection, after: Position, limit: int = 100) -> list[Recorded]:
    """The canonical timeline from behind a position on."""
    chosen = (
        select(event)
        .where(
            event.c.message >= after.message,
            or_(event.c.message > after.message, event.c.n > after.n),
        )
        .order_by(event.c.message, event.c.n)
        .limit(limit)
    )
    return [read(row) for row in connection.execute(chosen)]


def at(connection: Connection, positions: Iterable[Position]) -> Mapping[Position, Recorded]:
    """Events by their positions."""
    messages = {position.message for position in positions}
    found: dict[Position, Recorded] = {}
    for message in messages:
        for recorded in of_message(connection, message):
            found[recorded.position] = recorded
    return found
