"""Watches that every source which declares a heartbeat sends it (building block E3)."""

import datetime
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import System
from controltower.domain.pace import Pace
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import heartbeat as rule
from controltower.store import heartbeat, pace
from controltower.store.heartbeat import Heartbeat


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    beating = [each for each in tower.landscape.systems.values() if each.heartbeat]
    if not beating:
        return
    beats, paces = heartbeat.every(connection), pace.every(connection)
    limits = tower.landscape.limits
    figures = {name: limits.of(rule.RULE, name, usual) for name, usual in rule.FIGURES[rule.RULE].items()}
    for system in beating:
        span, last_at = rule.allowed(system, figures), _last(system, beats, paces)
        late = span is not None and last_at is not None and now - last_at > span
        if late and span and last_at and _others_heard(system, paces, now - span):
            yield rule.case_of(system, last_at, span)


def _last(system: System, beats: Mapping[str, Heartbeat], paces: Sequence[Pace]) -> datetime.datetime | None:
    """The last heartbeat; where there was none yet, when the system was first heard at all."""
    if system.id in beats:
        return beats[system.id].last_at
    return min((each.since for each in paces if each.system == system.id), default=None)


def _others_heard(system: System, paces: Sequence[Pace], since: datetime.datetime) -> bool:
    """Whether anybody else was heard meanwhile: else it may be the tower that could not hear."""
    return any(each.last_at > since for each in paces if each.system != system.id)


WATCH = Watch((rule.RULE,), _present, "Its heartbeat is back.")
