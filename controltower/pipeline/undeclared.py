"""What the configuration no longer asks for is let go: no message to come could ever close it."""

import datetime

from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.drift import CLOSED, Drift
from controltower.domain.expectation import Expectation, voided
from controltower.domain.landscape import Landscape
from controltower.domain.standing import BUILT_IN
from controltower.pipeline.cases import keep_cases, put
from controltower.pipeline.tower import Tower
from controltower.rules import silence
from controltower.store import case, drift, expectation
from controltower.store.engine import one_at_a_time, reading, writing


def let_go(tower: Tower, limit: int = 5000) -> int:
    """Close the drifts, expectations and silences that are no longer declared. Returns how many there were."""
    with reading(tower.engine) as connection:
        if not any(_undeclared(connection, tower.landscape, limit)):
            return 0
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        now = tower.now()
        drifts, awaited, silences = _undeclared(connection, tower.landscape, limit)
        closed = [withdrawn(each, now) for each in drifts]
        void = [voided(each, now, "") for each in awaited]
        drift.put(connection, closed)
        expectation.put(connection, void)
        keep_cases(connection, tower, closed, void)
        ended = [exceptions.resolved(each, now, "The system is no longer declared.") for each in silences]
        put(connection, tower, ended)
        return len(closed) + len(void) + len(ended)


def _undeclared(
    connection: Connection, landscape: Landscape, limit: int
) -> tuple[list[Drift], list[Expectation], list[exceptions.Case]]:
    return (
        [each for each in drift.open_ones(connection, limit) if not is_compared(each, landscape)],
        [each for each in expectation.missed(connection, limit) if not is_expected(each, landscape)],
        [each for each in case.open_of(connection, (silence.RULE,)) if each.system not in landscape.systems],
    )


def is_compared(each: Drift, landscape: Landscape) -> bool:
    """Whether the two systems of a drift are still declared to be owner and follower."""
    plant, kind = each.subject.plant, each.subject.kind
    return landscape.compares(plant, kind, each.attribute, each.owner, each.follower)


def is_expected(each: Expectation, landscape: Landscape) -> bool:
    """Whether the rule of an expectation and its system are still declared."""
    declared = each.rule in BUILT_IN or any(rule.name == each.rule for rule in landscape.expectations)
    return declared and each.system in landscape.systems


def withdrawn(each: Drift, now: datetime.datetime) -> Drift:
    """The drift after the configuration stopped asking for it: closed, but by no message."""
    return each._replace(state=CLOSED, closed_at=now)
