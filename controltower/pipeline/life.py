"""The life of an exception beside its condition: what it costs, what it is a consequence of, what explains it, and
that it is the same as before."""

import datetime
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.figures import figure
from controltower.pipeline.gathering import gather
from controltower.pipeline.impact import impacts
from controltower.pipeline.outages import suppress
from controltower.pipeline.tower import Tower
from controltower.rules.gathering import FLAPPING, GATHERED
from controltower.store import case, kinship
from controltower.store.case import REOPEN, RESOLVE, Action
from controltower.store.kinship import LIFE
from controltower.store.rebuild import WATCHED

THE_TOWER = "tower"


def carried(each: Case, known: Case | None) -> Case:
    """A case as its rule tells it, with the life that it has had so far."""
    if known is None:
        return each
    return each._replace(**{name: getattr(known, name) for name in LIFE})


def write(connection: Connection, tower: Tower, cases: Sequence[Case], known: Mapping[str, Case]) -> None:
    """Write cases; those that open begin their life."""
    opening = [each for each in cases if _opens(each, known.get(each.id))]
    if not opening:
        case.put(connection, cases)
        return
    now = tower.now()
    begun = {each.id: _begun(connection, tower, each, known.get(each.id), now) for each in opening}
    fresh = [each for each in begun.values() if each.resolved_at is None]
    costs = impacts(connection, tower, fresh)
    fresh = suppress(connection, tower, [each._replace(impact=costs[each.id]) for each in fresh], now)
    ended = [each for each in begun.values() if each.resolved_at is not None]
    case.put(connection, [*(each for each in cases if each.id not in begun), *ended, *fresh])
    gather(connection, tower, fresh)


def _opens(each: Case, known: Case | None) -> bool:
    """Whether it is new, is back, or has another cause than before."""
    if each.resolved_at is not None:
        return False
    return known is None or known.resolved_at is not None or known.cause_code != each.cause_code


def _begun(
    connection: Connection, tower: Tower, each: Case, known: Case | None, now: datetime.datetime
) -> Case:
    if known is None:
        return _same_as_before(connection, tower, each, now)
    if known.resolved_at is not None:
        return _back(connection, each, each, known.resolved_at, now)
    # Its cause is another one now: it may follow from something else, or from nothing.
    return (
        each._replace(parent="", suppressed_until=None, suppressed_by="")
        if each.rule not in GATHERED
        else each
    )


def _same_as_before(connection: Connection, tower: Tower, each: Case, now: datetime.datetime) -> Case:
    """What is found by looking and returns soon is the same exception, opened again with its history."""
    if not (each.watched or each.rule in WATCHED) or each.rule in GATHERED:
        return each
    since = each.opened_at - figure(tower.landscape, FLAPPING, "returns_within")
    before = [
        one for one in kinship.earlier(connection, each, since) if one.key == each.key and one.resolved_at
    ]
    if not before:
        return each
    last = max(before, key=lambda one: one.resolved_at or one.opened_at)
    ended = last.resolved_at or last.opened_at
    if _by_a_person(connection, last):
        # What lasts since before is what the person meant; what came later is another one.
        meant = ended > each.opened_at
        return each._replace(resolved_at=ended, resolution=last.resolution) if meant else each
    told = carried(each._replace(id=last.id, opened_at=last.opened_at, sightings=each.sightings), last)
    return _back(connection, told, last, ended, now)


def _by_a_person(connection: Connection, each: Case) -> bool:
    done = case.actions(connection, each.id)
    return bool(done) and any(one.action == RESOLVE and one.who != THE_TOWER for one in done[-1:])


def _back(
    connection: Connection, each: Case, before: Case, ended: datetime.datetime, now: datetime.datetime
) -> Case:
    minutes = max(0.0, (now - ended).total_seconds() / 60)
    words = f"its condition is back after {minutes:.0f} min"
    case.act(connection, Action(each.id, now, THE_TOWER, REOPEN, words))
    return each._replace(
        returns=before.returns + 1, parent="", suppressed_until=None, suppressed_by="", released_at=now,
        remark=f"It was resolved before ({before.resolution or 'with no word why'}) and came back.",
    )  # fmt: skip
