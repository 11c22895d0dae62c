"""Watches how fast systems answer: a brown-out is seen before anything fails."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.latency import ATTEMPT, POLL
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import slowness
from controltower.rules.slowness import SLOW
from controltower.store import case, latency
from controltower.store.latency import Spread


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    figures = {
        name: tower.landscape.limits.of(SLOW, name, usual) for name, usual in slowness.FIGURES[SLOW].items()
    }
    least = figures["least"].total_seconds()
    lately = latency.by_system(connection, (POLL, ATTEMPT), now - figures["within"], now)
    for (kind, id), spread in sorted(lately.items()):
        pace = slowness.pace_of(spread.number, spread.p50, spread.p95, figures)
        system = tower.landscape.systems.get(id)
        if system is not None and pace >= least:
            usual = _usual(connection, kind, id, figures, now)
            if slowness.is_slow(pace, usual.p95, usual.number, figures):
                yield slowness.case_of(kind, system, pace, usual.p95 or 0.0, now)


def _usual(
    connection: Connection, kind: str, id: str, figures: Mapping[str, Any], now: datetime.datetime
) -> Spread:
    """What was usual before it grew slow: an exception that lasts must not become usual by lasting."""
    known = [each for each in case.open_of(connection, (SLOW,)) if each.key == f"{kind} {id}"]
    until = (known[0].opened_at if known else now) - figures["within"]
    found = latency.by_system(connection, (kind,), until - figures["past"], until, id)
    return found.get((kind, id), Spread())


WATCH = Watch((SLOW,), _present, "It answers as fast as before.")
