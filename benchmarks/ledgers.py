"""Looks into a tower's database afterwards: is what was acknowledged there, once, and does a reprocess end alike?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, Table, func, select

from benchmarks.towers import CONFIG, SECRET
from controltower import landscape_files
from controltower.domain.clock import Clock
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.record import record_waiting
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.tower import Tower, build
from controltower.store import belief, case, drift, event, expectation, message
from controltower.store.engine import connect, reading

DERIVED = (event.event, belief.belief, belief.hearing, drift.drift, expectation.expectation, case.case)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def tower_on(engine: Engine, secret: str, clock: Clock) -> Tower:
    """The measured network's tower, in this process."""
    return build(engine, landscape_files.load(CONFIG, {**os.environ, SECRET: secret}), clock)


def backlog(engine: Engine) -> int:
    """How many messages nobody has recorded yet."""
    with reading(engine) as connection:
        return message.backlog(connection)[0]


def missing_deliveries(engine: Engine, acknowledged: Iterable[str]) -> set[str]:
    """The deliveries that were answered 2xx and are not in the inbox, byte for byte or as a repeat of one that is."""
    key = message.delivery_key
    held = (
        select(key.c.delivery)
        .join(message.message, message.message.c.id == key.c.message)
        .join(message.payload, message.payload.c.message == key.c.message)
        .where(func.length(message.payload.c.body) > 0)
    )
    with reading(engine) as connection:
        found = {row[0] for row in connection.execute(held)}
    return set(acknowledged) - found


def doubled_deliveries(engine: Engine) -> int:
    """How many deliveries are kept more than once as if they were new."""
    first = message.message.c.original.is_(None)
    return _more_than_once(engine, message.message, "system", "delivery", first)


def doubled_events(engine: Engine) -> int:
    """How many source ids have more than one event."""
    return _more_than_once(engine, event.event, "system", "source_id")


def _more_than_once(engine: Engine, table: Table, first: str, second: str, *where: Any) -> int:
    grouped = select(table.c[first]).where(*where).group_by(table.c[first], table.c[second])
    with reading(engine) as connection:
        often = grouped.having(func.count() > 1).subquery()
        return int(connection.execute(select(func.count()).select_from(often)).scalar_one())


def missing_events(engine: Engine, ids: Iterable[str]) -> set[str]:
    """Those of some event ids that the ledger does not hold."""
    with reading(engine) as connection:
        held = {row[0] for row in connection.execute(select(event.event.c.source_id))}
    return set(ids) - held


def count(engine: Engine, table: Table) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def contents(engine: Engine) -> Mapping[str, list[str]]:
    """All that is derived from the inbox, row by row."""
    with reading(engine) as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in DERIVED}


def differences_after_reprocess(tower: Tower) -> Mapping[str, int]:
    """Record what waits, reprocess everything, and count the rows of each table that are not as before."""
    while record_waiting(tower):
        continue
    _settle(tower)
    before = contents(tower.engine)
    reprocess(tower)
    _settle(tower)
    after = contents(tower.engine)
    return {name: len(set(rows) ^ set(after[name])) for name, rows in before.items()}


def _settle(tower: Tower) -> None:
    while detect(tower):
        continue
    rejudge(tower)
