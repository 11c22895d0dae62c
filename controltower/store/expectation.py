"""What is expected from whom by when, and what became of it."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, Table, and_, delete, func, select

from controltower.domain.event import Position
from controltower.domain.expectation import MISSED, WAITING, Expectation
from controltower.domain.subject import Subject
from controltower.store.about import about, about_order
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import (
    AnyRow,
    Name,
    Serial,
    Timestamp,
    beyond,
    inline,
    metadata,
    microseconds,
)

expectation = Table(
    "expectation",
    metadata,
    Column("id", Name, primary_key=True),
    Column("plant", Name, primary_key=True),
    Column("rule", Name, nullable=False),
    Column("subject", Name, nullable=False),
    Column("system", Name, nullable=False),
    Column("message", Serial, nullable=False),
    Column("n", Integer, nullable=False),
    Column("trigger_event", Name, nullable=False),
    Column("opened_at", Timestamp, nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("state", Name, nullable=False),
    Column("met_at", Timestamp),
    Column("met_by", Name, nullable=False),
    Column("awaits", Name, nullable=False),
)
_lasting = expectation.c.state.in_([inline(WAITING), inline(MISSED)])
unanswered = and_(_lasting, expectation.c.met_at.is_(None))
Index("ix_expectation_state", expectation.c.state, expectation.c.due_at, expectation.c.id)
Index("ix_expectation_plant_subject", expectation.c.plant, expectation.c.subject)
Index(
    "ix_expectation_due", expectation.c.state, expectation.c.due_at,
    sqlite_where=unanswered, postgresql_where=unanswered,
)  # fmt: skip


def put(connection: Connection, expectations: Sequence[Expectation]) -> None:
    """Write expectations over what was known of them."""
    write(connection, expectation, [_row(each) for each in expectations], REPLACE)


def _row(each: Expectation) -> tuple[Any, ...]:
    plant, subject = each.subject
    return (
        each.id, plant, each.rule, subject, each.system, *each.trigger, each.trigger_event,
        microseconds(each.opened_at), microseconds(each.due_at), each.state,
        None if each.met_at is None else microseconds(each.met_at), each.met_by, each.awaits,
    )  # fmt: skip


def _read(row: AnyRow) -> Expectation:
    return Expectation(
        row.id, row.rule, Subject(row.plant, row.subject), row.system, Position(row.message, row.n),
        row.trigger_event, row.opened_at, row.due_at, row.state, row.met_at, row.met_by, row.awaits,
    )  # fmt: skip


def unanswered_of(connection: Connection, subjects: Iterable[Subject]) -> list[Expectation]:
    """What is still awaited about some subjects, overdue or not."""
    return [_read(row) for row in about(connection, expectation, subjects, unanswered)]


def due(connection: Connection, now: datetime.datetime, limit: int = 500) -> list[Expectation]:
    """Those whose time has run out without an answer, and that nobody was told of."""
    chosen = (
        select(expectation)
        .where(unanswered, expectation.c.state == WAITING, expectation.c.due_at < now)
        .order_by(expectation.c.due_at)
        .limit(limit)
    )
    return [_read(row) for row in connection.execute(chosen)]


def missed(connection: Connection, limit: int = 500) -> list[Expectation]:
    """Those that were missed and are still unanswered, the oldest first."""
    chosen = select(expectation).where(unanswered, expectation.c.state == MISSED)
    rows = connection.execute(chosen.order_by(expectation.c.due_at).limit(limit))
    return [_read(row) for row in rows]


def of_order(connection: Connection, plant: str, order: str, limit: int = 500) -> list[Expectation]:
    """All that was ever expected about an order and its operations, oldest first."""
    rows = about_order(connection, expectation, plant, order, expectation.c.opened_at, limit=limit)
    return sorted(map(_read, rows), key=lambda each: each.opened_at)[:limit]


def listing(
    connection: Connection,
    *,
    state: str = MISSED,
    plants: Sequence[str] = (),
    after: tuple[datetime.datetime, str] | None = None,
    limit: int = 200,
) -> list[Expectation]:
    """Expectations in one state, by due time: what is still unanswered first for "waiting" and "missed".

    `after`: the due time and id of the last one of the page before."""
    due, id, down = expectation.c.due_at, expectation.c.id, state != WAITING
    chosen = select(expectation).where(expectation.c.state == state).limit(limit)
    chosen = chosen.order_by(*((each.desc() if down else each) for each in (due, id)))
    if after is not None:
        chosen = chosen.where(beyond(after, due, id, down=down))
    if plants:
        chosen = chosen.where(expectation.c.plant.in_(plants))
    return [_read(row) for row in connection.execute(chosen)]


def counts(connection: Connection) -> dict[str, int]:
    """How many are waiting, and how many missed without an answer yet."""
    chosen = select(expectation.c.state, func.count()).where(unanswered).group_by(expectation.c.state)
    return {row[0]: row[1] for row in connection.execute(chosen)}


def forget(connection: Connection, subject: Subject) -> None:
    """Drop what was expected about a subject, before it is told anew."""
    mine = and_(expectation.c.plant == subject.plant, expectation.c.subject == subject.name)
    connection.execute(delete(expectation).where(mine))
