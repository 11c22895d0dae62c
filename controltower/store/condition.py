"""Conditions that hold: findings of the checks, from the event that made them to the one that ends them."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Index, Table, delete, select

from controltower.domain.condition import Condition, Found
from controltower.domain.subject import Subject
from controltower.store.about import about_roots
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import AnyRow, Json, Name, Timestamp, metadata, microseconds, write_json

condition = Table(
    "condition",
    metadata,
    Column("id", Name, primary_key=True),
    Column("plant", Name, nullable=False),
    Column("root", Name, nullable=False),
    Column("rule", Name, nullable=False),
    Column("key", Name, nullable=False),
    Column("opened_at", Timestamp, nullable=False),
    Column("due_at", Timestamp),
    Column("found", Json, nullable=False),
)
_waiting = condition.c.due_at.is_not(None)
Index("ix_condition_due_at", condition.c.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
Index("ix_condition_plant_root", condition.c.plant, condition.c.root)


def put(connection: Connection, conditions: Sequence[Condition]) -> None:
    """Write conditions over what was known of them."""
    write(connection, condition, [_row(each) for each in conditions], REPLACE)


def _row(each: Condition) -> tuple[Any, ...]:
    due = None if each.due_at is None else microseconds(each.due_at)
    found = write_json(each.found)
    return each.id, *each.root, each.rule, each.key, microseconds(each.opened_at), due, found


def _read(row: AnyRow) -> Condition:
    found = msgspec.convert(row.found, Found)
    return Condition(
        row.id, row.rule, Subject(row.plant, row.root), row.key, row.opened_at, row.due_at, found
    )


def drop(connection: Connection, ids: Sequence[str]) -> None:
    """Forget conditions that hold no more."""
    if ids:
        connection.execute(delete(condition).where(condition.c.id.in_(ids)))


def of(connection: Connection, roots: Iterable[Subject]) -> list[Condition]:
    """The conditions that hold at some roots."""
    return [_read(row) for row in about_roots(connection, condition, roots)]


def of_rule(connection: Connection, rule: str) -> list[tuple[Subject, str]]:
    """The roots at which a rule holds, each with the key. Few conditions hold at any time."""
    chosen = select(condition.c.plant, condition.c.root, condition.c.key).where(condition.c.rule == rule)
    return [(Subject(row.plant, row.root), row.key) for row in connection.execute(chosen)]


def due(connection: Connection, now: datetime.datetime, limit: int = 500) -> list[Condition]:
    """Those whose grace is over and that are no exception yet, the oldest first."""
    chosen = select(condition).where(_waiting, condition.c.due_at <= now)
    return [_read(row) for row in connection.execute(chosen.order_by(condition.c.due_at).limit(limit))]
