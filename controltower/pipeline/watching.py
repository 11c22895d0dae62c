"""What the tower watches rather than reads: each file of the folder watches/ says what is wrong now, and exceptions
open and resolve accordingly."""

import datetime
import importlib
import pkgutil
from collections.abc import Sequence

from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.exception import Case
from controltower.pipeline import watches
from controltower.pipeline.cases import put
from controltower.pipeline.settling import settle
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.store import case
from controltower.store.engine import one_at_a_time, reading, writing


def _found() -> tuple[Watch, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(watches.__path__))
    return tuple(importlib.import_module(f"{watches.__name__}.{name}").WATCH for name in names)


WATCHES = _found()


def watch(tower: Tower) -> int:
    """Look at everything that is watched, and let exceptions go on with their lives. Returns how many changed."""
    now = tower.now()
    with reading(tower.engine) as connection:
        changed = _changed(connection, tower, now)
    if changed:
        with writing(tower.engine) as connection:
            one_at_a_time(connection)
            put(connection, tower, _changed(connection, tower, now))
    return len(changed) + settle(tower)


def _changed(connection: Connection, tower: Tower, now: datetime.datetime) -> list[Case]:
    """Exceptions to write: new ones, those told in other words, and those that are over."""
    changed: list[Case] = []
    for each in WATCHES:
        rules = [rule for rule in each.rules if rule not in tower.landscape.limits.off]
        if rules:
            present = [found for found in each.present(connection, tower, now) if found.rule in rules]
            changed += _differences(connection, each, present, now)
    return changed


def _differences(
    connection: Connection, watch: Watch, present: Sequence[Case], now: datetime.datetime
) -> list[Case]:
    known = {(each.rule, each.key): each for each in case.open_of(connection, watch.rules)}
    here = {(each.rule, each.key): each._replace(watched=True) for each in present}
    new = [each for at, each in here.items() if at not in known]
    # One that a person has resolved although it lasts is there already.
    there = case.by_ids(connection, [each.id for each in new])
    changed = [each for each in new if each.id not in there]
    for at, lasting in known.items():
        found = here.get(at)
        if found is None:
            changed.append(exceptions.resolved(lasting, now, watch.over))
        elif (found.why, found.sightings) != (lasting.why, lasting.sightings):
            changed.append(lasting._replace(why=found.why, sightings=found.sightings, last_at=found.last_at))
    return changed
