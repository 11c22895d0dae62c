"""Watches whether each source speaks as often as it usually does at this hour (building block E2)."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import Limits
from controltower.domain.pace import HOUR, Pace, hour_of_week, moved_on
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import pace as rule
from controltower.store import pace
from controltower.store.pace import Hour


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    paces = [
        moved_on(each, now)[0] for each in pace.every(connection) if each.system in tower.landscape.systems
    ]
    hours = [_hour(tower, each, at) for each in paces for at in (now, now - HOUR)]
    usual = pace.usual(connection, hours)
    low, high = (_figures(tower.landscape.limits, name) for name in (rule.DROP, rule.RISE))
    for each in paces:
        system = tower.landscape.systems[each.system]
        weeks = rule.Usual(*(usual.get(_hour(tower, each, at), ()) for at in (now, now - HOUR)))
        why = rule.dropped(each, weeks, low, now)
        if why and _meant_to_speak(tower, each, now) and rule.others_go_on(each, paces, low, now):
            yield rule.drop_case(each, system, why)
        why = rule.risen(each, weeks, high, now)
        if why:
            yield rule.rise_case(each, system, why)


def _meant_to_speak(tower: Tower, each: Pace, now: datetime.datetime) -> bool:
    """Whether its plants are at work, and have been for the hour that is looked at."""
    return all(rule.at_work(tower.landscape, each.system, at) for at in (now, now - HOUR))


def _hour(tower: Tower, each: Pace, now: datetime.datetime) -> Hour:
    return each.system, each.channel, hour_of_week(now, tower.landscape.system(each.system).zone)


def _figures(limits: Limits, name: str) -> Mapping[str, Any]:
    return {figure: limits.of(name, figure, usual) for figure, usual in rule.FIGURES[name].items()}


WATCH = Watch((rule.DROP, rule.RISE), _present, "It speaks at its usual rate again.")
