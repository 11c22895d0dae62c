"""What waits where, minute by minute, so that a queue that grows is seen growing."""

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Float, Integer, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from controltower.domain.expectation import MISSED
from controltower.store.expectation import expectation, unanswered
from controltower.store.latency import HOUR, KEPT, MINUTE, start_of
from controltower.store.message import FAULTY, PARKED, PARTLY, RECEIVED, message
from controltower.store.schema import Name, Timestamp, inline, metadata, moment

# Messages that wait to be read; that could not be read; deliveries that wait to go out; that are dead; answers overdue.
INBOX, UNREADABLE, OUT, DEAD_LETTERS, OVERDUE = "inbox", "parked", "out", "dead", "overdue"
KINDS = (INBOX, UNREADABLE, OUT, DEAD_LETTERS, OVERDUE)

backlog = Table(
    "backlog",
    metadata,
    Column("span", Integer, primary_key=True, autoincrement=False),
    Column("at", Timestamp, primary_key=True),
    Column("kind", Name, primary_key=True),
    Column("name", Name, primary_key=True),
    Column("target", Name, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("oldest", Float, nullable=False),
    sqlite_with_rowid=False,
)


class Queue(NamedTuple):
    """What waits in one place. `name`: a system, a route (to `target`) or a rule (about `target`); `since`: when the
    oldest of it began to wait."""

    kind: str
    name: str
    target: str
    number: int
    since: datetime.datetime | None


class Sample(NamedTuple):
    """A queue as it was in a minute, or at its worst in an hour; `oldest` in seconds."""

    at: datetime.datetime
    kind: str
    name: str
    target: str
    number: int
    oldest: float


def waiting(connection: Connection) -> list[Queue]:
    """Messages in the inbox that are not read yet, by system."""
    return _messages(connection, INBOX, message.c.state == inline(RECEIVED))


def parked(connection: Connection) -> list[Queue]:
    """Messages that could not be read, wholly or in part, by system."""
    faulty = message.c.state.in_([inline(state) for state in FAULTY])
    return _messages(connection, UNREADABLE, faulty, message.c.state.in_((PARKED, PARTLY)))


def _messages(connection: Connection, kind: str, *which: ColumnElement[bool]) -> list[Queue]:
    # Ids are given out in the order of time: the index alone tells the oldest.
    chosen = select(message.c.system, func.count(), func.min(message.c.id)).where(*which)
    rows = connection.execute(chosen.group_by(message.c.system)).all()
    oldest = select(message.c.id, message.c.received_at).where(message.c.id.in_([row[2] for row in rows]))
    since = {row[0]: row[1] for row in connection.execute(oldest)} if rows else {}
    return [Queue(kind, system, "", count, since.get(id)) for system, count, id in rows]


def overdue(connection: Connection, plants: Sequence[str] = ()) -> list[Queue]:
    """Expected answers that are overdue and still not there, by rule and system."""
    chosen = select(
        expectation.c.rule, expectation.c.system, func.count(), func.min(expectation.c.due_at)
    ).where(unanswered, expectation.c.state == MISSED)
    if plants:
        chosen = chosen.where(expectation.c.plant.in_(plants))
    rows = connection.execute(chosen.group_by(expectation.c.rule, expectation.c.system))
    return [Queue(OVERDUE, rule, system, count, since) for rule, system, count, since in rows]


def sample(connection: Connection, now: datetime.datetime, queues: Iterable[Queue]) -> None:
    """Write down what waits in this minute; an hour keeps its worst."""
    rows = [
        {
            "span": span, "at": moment(start_of(now, span)), "kind": each.kind, "name": each.name,
            "target": each.target, "number": each.number,
            "oldest": (now - each.since).total_seconds() if each.since else 0.0,
        }
        for span in (MINUTE, HOUR)
        for each in sorted(queues, key=lambda each: each[:3])
        if each.number
    ]  # fmt: skip
    if not rows:
        return
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    greatest = func.max if connection.dialect.name == "sqlite" else func.greatest
    statement = insert(backlog)
    worst = {name: greatest(backlog.c[name], statement.excluded[name]) for name in ("number", "oldest")}
    key = [column.name for column in backlog.primary_key.columns]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=worst), rows)


def course(
    connection: Connection, since: datetime.datetime, now: datetime.datetime
) -> tuple[datetime.timedelta, list[Sample]]:
    """How the queues went since a moment, oldest first: minutes of a short period, hours (each at its worst) of any
    other. Where no sample is, nothing waited."""
    span = MINUTE if now - since <= datetime.timedelta(hours=9) else HOUR
    chosen = (
        select(*list(backlog.c)[1:])
        .where(backlog.c.span == span, backlog.c.at >= moment(start_of(since, span)), backlog.c.at <= now)
        .order_by(backlog.c.at)
    )
    return datetime.timedelta(seconds=span), [Sample(*row) for row in connection.execute(chosen)]


def tidy(connection: Connection, now: datetime.datetime) -> None:
    """Forget what is older than it is kept."""
    for span, kept in KEPT.items():
        connection.execute(delete(backlog).where(backlog.c.span == span, backlog.c.at < now - kept))
