"""Each attempt at a delivery: written down before the call, its outcome after."""

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Float, Integer, Table, Text, bindparam, func, select, update

from controltower.store.bulk import write
from controltower.store.schema import Bytes, Name, Serial, Timestamp, metadata, microseconds

attempt = Table(
    "attempt",
    metadata,
    Column("delivery", Serial, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("what", Name, nullable=False),
    Column("worker", Name, nullable=False),
    Column("began_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    Column("milliseconds", Float),
    Column("outcome", Name, nullable=False),
    Column("error", Name, nullable=False),
    Column("status", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("request", Bytes, nullable=False),
    Column("response", Bytes, nullable=False),
)

SEND, READ_BACK = "send", "read-back"
BEGAN = "began"  # an attempt that was written down and whose end nobody knows yet


class Attempt(NamedTuple):
    """One attempt at a delivery: written before the call, its outcome after. `began_at` is the tower's clock,
    `milliseconds` real time on the wire."""

    delivery: int
    n: int
    what: str
    worker: str
    began_at: datetime.datetime
    ended_at: datetime.datetime | None = None
    milliseconds: float | None = None
    outcome: str = BEGAN
    error: str = ""
    status: int = 0
    words: str = ""
    request: bytes = b""
    response: bytes = b""


def begin(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Write attempts down before their calls."""
    write(connection, attempt, [_row(each) for each in attempts])


def _row(each: Attempt) -> tuple[Any, ...]:
    ended = None if each.ended_at is None else microseconds(each.ended_at)
    return (*each[:4], microseconds(each.began_at), ended, *each[6:])


def end(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Write down what came of attempts."""
    if not attempts:
        return
    named = ("ended_at", "milliseconds", "outcome", "error", "status", "words", "request", "response")
    statement = (
        update(attempt)
        .where(attempt.c.delivery == bindparam("b_delivery"), attempt.c.n == bindparam("b_n"))
        .values({name: bindparam(f"b_{name}") for name in named})
    )
    connection.execute(
        statement,
        [
            {
                "b_delivery": each.delivery,
                "b_n": each.n,
                **{f"b_{name}": getattr(each, name) for name in named},
            }
            for each in attempts
        ],
    )


def numbers_of(connection: Connection, deliveries: Sequence[int]) -> dict[int, int]:
    """How many attempts, read-backs among them, some deliveries have had."""
    if not deliveries:
        return {}
    chosen = (
        select(attempt.c.delivery, func.max(attempt.c.n))
        .where(attempt.c.delivery.in_(deliveries))
        .group_by(attempt.c.delivery)
    )
    return {row[0]: row[1] for row in connection.execute(chosen)}


def of_delivery(connection: Connection, id: int) -> list[Attempt]:
    """The attempts at a delivery, in their order."""
    chosen = select(attempt).where(attempt.c.delivery == id).order_by(attempt.c.n)
    return [Attempt(*row) for row in connection.execute(chosen)]
