"""Shifts that run on: the last few of each plant, by their names, are looked through."""

import datetime
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from controltower.domain.belief import Belief
from controltower.domain.exception import Case
from controltower.domain.subject import Subject
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import shift
from controltower.rules.shift import FIGURES, OPEN_SHIFT
from controltower.store import belief

_RUNNING = "running"
# Of three shifts a day the last few days, and the one that is planned next.
_MOST = 12


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    for plant in tower.landscape.plants:
        if tower.landscape.of_role(plant, "workforce"):
            told = belief.of_beginning(connection, plant, "shift/", "state", _MOST)
            yield from _open(told, tower, now)


def _open(told: Sequence[tuple[Subject, Belief]], tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    """The last names come first: each shift is held against the one that began after it."""
    limits, usual = tower.landscape.limits, FIGURES[OPEN_SHIFT]
    overlap, longest = (limits.of(OPEN_SHIFT, name, usual[name]) for name in ("overlap", "longest"))
    following: tuple[Subject, Belief] | None = None
    for subject, held in told:
        if held.value.text == _RUNNING:
            if following and now > following[1].learnt_at + overlap:
                why = f"Shift {subject.key} still runs, though shift {following[0].key} has begun."
                yield shift.case_of(subject, held, following[1].learnt_at + overlap, why, tower.landscape)
            elif now > held.since + longest:
                why = f"Shift {subject.key} has been running for {longest.total_seconds() / 3600:.0f} h."
                yield shift.case_of(subject, held, held.since + longest, why, tower.landscape)
        if held.value.text != "planned":
            following = subject, held


WATCH = Watch((OPEN_SHIFT,), _present, shift.OVER)
