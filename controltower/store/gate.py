"""How each target is doing: paused or not, its circuit, its pace; shared by all workers."""

import datetime
from typing import Any

from sqlalchemy import Column, Connection, Float, Integer, Table, Text, select

from controltower.domain.gate import Gate
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import Json, Name, Timestamp, metadata, microseconds, write_json

gate = Table(
    "gate",
    metadata,
    Column("target", Name, primary_key=True),
    Column("paused_at", Timestamp),
    Column("paused_by", Name, nullable=False),
    Column("pause_reason", Text, nullable=False),
    Column("paused_until", Timestamp),
    Column("failures", Integer, nullable=False),
    Column("recent", Json, nullable=False),
    Column("opened_at", Timestamp),
    Column("probe_at", Timestamp),
    Column("asked_until", Timestamp),
    Column("drains_from", Timestamp),
    Column("budget", Float, nullable=False),
    Column("tokens", Float, nullable=False),
    Column("filled_at", Timestamp),
    Column("last_error", Text, nullable=False),
    Column("changed_at", Timestamp),
)


def get(connection: Connection, target: str, *, lock: bool = False) -> Gate:
    """The state of one target; a fresh one where nothing is known. Locked on demand until the transaction ends."""
    chosen = select(gate).where(gate.c.target == target)
    row = connection.execute(chosen.with_for_update() if lock else chosen).first()
    if row is None and lock and connection.dialect.name != "sqlite":
        put(connection, Gate(target))  # so that there is a row to lock
        row = connection.execute(chosen.with_for_update()).first()
    return _read(row) if row else Gate(target)


def every(connection: Connection) -> dict[str, Gate]:
    """The state of each target that anything was ever sent to, or that was ever paused."""
    return {row.target: _read(row) for row in connection.execute(select(gate))}


def put(connection: Connection, each: Gate) -> None:
    """Write the state of a target."""
    write(connection, gate, [_row(each)], REPLACE)


def _read(row: Any) -> Gate:
    held = dict(row._mapping)
    return Gate(**{**held, "recent": tuple(held["recent"])})


def _row(each: Gate) -> tuple[Any, ...]:
    return tuple(
        microseconds(value) if isinstance(value, datetime.datetime)
        else write_json(value) if isinstance(value, tuple) else value
        for value in (getattr(each, column.name) for column in gate.columns)
    )  # fmt: skip
