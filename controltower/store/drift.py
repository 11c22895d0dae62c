"""Disagreements, open and past."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Float, Index, Integer, Table, delete, func, select

from controltower.domain.drift import CLOSED, OPEN, SETTLING, Drift
from controltower.domain.event import Position
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.store.about import about, about_order, narrowed
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import (
    AnyRow,
    Json,
    Name,
    Serial,
    Timestamp,
    beyond,
    inline,
    metadata,
    microseconds,
    write_json,
)

drift = Table(
    "drift",
    metadata,
    Column("id", Name, primary_key=True),
    Column("plant", Name, primary_key=True),
    Column("subject", Name, nullable=False),
    Column("attribute", Name, nullable=False),
    Column("owner", Name, nullable=False),
    Column("follower", Name, nullable=False),
    Column("owner_value", Json, nullable=False),
    Column("follower_value", Json, nullable=False),
    Column("opened_at", Timestamp, nullable=False),
    Column("learnt_at", Timestamp, nullable=False),
    Column("allowed_until", Timestamp, nullable=False),
    Column("message", Serial, nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Name, nullable=False),
    Column("closed_at", Timestamp),
    Column("closed_message", Serial),
    Column("closed_n", Integer),
    Column("lag", Float),
    Column("cause", Name, nullable=False),
    Column("why", Name, nullable=False),
    Column("evidence", Json, nullable=False),
)
_unclosed = drift.c.state != inline(CLOSED)
Index("ix_drift_plant_subject", drift.c.plant, drift.c.subject)
Index(
    "ix_drift_due", drift.c.state, drift.c.allowed_until, sqlite_where=_unclosed, postgresql_where=_unclosed
)
Index("ix_drift_closed", drift.c.closed_at, sqlite_where=~_unclosed, postgresql_where=~_unclosed)


def put(connection: Connection, drifts: Sequence[Drift]) -> None:
    """Write disagreements over what was known of them."""
    write(connection, drift, [_row(each) for each in drifts], REPLACE)


def _row(each: Drift) -> tuple[Any, ...]:
    closing = each.closed_by or (None, None)
    return (
        each.id, *each.subject, each.attribute, each.owner, each.follower, write_json(each.owner_value),
        write_json(each.follower_value), microseconds(each.opened_at), microseconds(each.learnt_at),
        microseconds(each.allowed_until), *each.opened_by, each.state,
        None if each.closed_at is None else microseconds(each.closed_at), *closing, each.lag, each.cause, each.why,
        write_json(each.evidence),
    )  # fmt: skip


def _read(row: AnyRow) -> Drift:
    return Drift(
        row.id, Subject(row.plant, row.subject), row.attribute, row.owner, row.follower, Value(*row.owner_value),
        Value(*row.follower_value), row.opened_at, row.learnt_at, row.allowed_until, Position(row.message, row.n),
        row.state, row.closed_at, None if row.closed_message is None else Position(row.closed_message, row.closed_n),
        row.lag, row.cause, row.why, tuple(row.evidence),
    )  # fmt: skip


def unclosed_of(connection: Connection, subjects: Iterable[Subject]) -> list[Drift]:
    """The disagreements about some subjects that still last."""
    return [_read(row) for row in about(connection, drift, subjects, _unclosed)]


def due(connection: Connection, now: datetime.datetime, limit: int = 500) -> list[Drift]:
    """Disagreements whose allowance has run out and that nobody was told of."""
    chosen = (
        select(drift)
        .where(_unclosed, drift.c.state == SETTLING, drift.c.allowed_until < now)
        .order_by(drift.c.allowed_until)
        .limit(limit)
    )
    return [_read(row) for row in connection.execute(chosen)]


def open_ones(connection: Connection, limit: int = 500) -> list[Drift]:
    """All drift that is open now, the oldest deadline first."""
    chosen = (
        select(drift).where(_unclosed, drift.c.state == OPEN).order_by(drift.c.allowed_until).limit(limit)
    )
    return [_read(row) for row in connection.execute(chosen)]


def get(connection: Connection, id: str) -> Drift | None:
    row = connection.execute(select(drift).where(drift.c.id == id)).first()
    return _read(row) if row else None


def of_order(connection: Connection, plant: str, order: str, limit: int = 200) -> list[Drift]:
    """All disagreements there were about an order and its operations, newest first."""
    rows = about_order(connection, drift, plant, order, drift.c.opened_at.desc(), limit=limit)
    return sorted(map(_read, rows), key=lambda each: each.opened_at, reverse=True)


def listing(
    connection: Connection,
    *,
    state: str = OPEN,
    plants: Sequence[str] = (),
    attribute: str = "",
    cause: str = "",
    follower: str = "",
    after: tuple[datetime.datetime, str] | None = None,
    limit: int = 200,
) -> list[Drift]:
    """Disagreements in one state ("open", "settling", "closed"): open ones the oldest first, closed the newest.

    `after`: the deadline (for closed ones the end) and id of the last one of the page before."""
    chosen = select(drift).where(drift.c.state == state).limit(limit)
    sorted_by = drift.c.closed_at if state == CLOSED else drift.c.allowed_until
    down = state == CLOSED
    chosen = chosen.order_by(*((each.desc() if down else each) for each in (sorted_by, drift.c.id)))
    if after is not None:
        chosen = chosen.where(beyond(after, sorted_by, drift.c.id, down=down))
    # One that settled in time was no drift.
    chosen = chosen.where(drift.c.closed_at > drift.c.allowed_until if state == CLOSED else _unclosed)
    wanted = {drift.c.attribute: attribute, drift.c.cause: cause, drift.c.follower: follower}
    chosen = narrowed(chosen, wanted)
    if plants:
        chosen = chosen.where(drift.c.plant.in_(plants))
    return [_read(row) for row in connection.execute(chosen)]


def counts(connection: Connection) -> dict[str, int]:
    """How many are open and how many settling."""
    chosen = select(drift.c.state, func.count()).where(_unclosed).group_by(drift.c.state)
    return {row[0]: row[1] for row in connection.execute(chosen)}


def forget(connection: Connection, subject: Subject) -> None:
    """Drop what is known of a subject's disagreements, before it is told anew."""
    connection.execute(delete(drift).where(drift.c.plant == subject.plant, drift.c.subject == subject.name))
