"""Whether a system answers more slowly than it used to: the last minutes against its own past."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System
from controltower.domain.latency import POLL

SLOW = "slow-endpoint"
# `within`: the last minutes, which are held against what was usual in the time `past` before them. `times` as slow is
# too slow, if it takes at least `least`. `answers`: how many must have come within, and `known`: in the past.
# With `many` within, the slowest five of a hundred count instead of the middle one.
FIGURES: Mapping[str, Mapping[str, Any]] = {
    SLOW: {
        "within": datetime.timedelta(minutes=10),
        "past": datetime.timedelta(hours=6),
        "times": 4.0,
        "least": datetime.timedelta(milliseconds=300),
        "answers": 3.0,
        "known": 20.0,
        "many": 40.0,
    }
}


def pace_of(number: int, middle: float | None, slowest: float | None, figures: Mapping[str, Any]) -> float:
    """The seconds that stand for the last minutes; 0 where too few came to say anything."""
    if number < figures["answers"]:
        return 0.0
    return (slowest if number >= figures["many"] else middle) or 0.0


def is_slow(pace: float, usual: float | None, known: int, figures: Mapping[str, Any]) -> bool:
    """Whether a pace is too slow. `usual`: the seconds within which 95 of a hundred answers came before."""
    if usual is None or known < figures["known"]:
        return False
    return bool(pace >= figures["least"].total_seconds() and pace >= figures["times"] * usual)


def case_of(kind: str, system: System, pace: float, usual: float, now: datetime.datetime) -> Case:
    """The exception of a system that answers too slowly, whether it is read or told."""
    does = "is read" if kind == POLL else "is told something"
    return Case(
        id=f"{SLOW}-{event_id(system.id, f'{kind} {now:%Y-%m-%dT%H}')}",
        rule=SLOW,
        title=f"Answers slowly: {system.title}",
        severity="B",
        opened_at=now,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause="Slow endpoint",
        why=f"An answer takes about {rough(pace)} when it {does}; before, 95 of 100 took at most {rough(usual)}.",
        action=f"Ask who runs {system.title} what wears it out; keep few requests on the wire until it has recovered.",
        last_at=now,
        key=f"{kind} {system.id}",
        watched=True,
    )


def rough(seconds: float) -> str:
    """Seconds in one digit, so that the words change only when it matters: "0.5 s", "3 s"."""
    return f"{float(f'{seconds:.1g}'):g} s"
