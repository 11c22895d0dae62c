"""Planned absences: weekly maintenance and outages that people declare; what follows from them alarms nobody."""

import datetime
from collections.abc import Sequence

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape, System
from controltower.domain.outage import Absence, Outage
from controltower.domain.retry import Window
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.figures import figure
from controltower.pipeline.tower import Tower
from controltower.rules.gathering import PLANNED, began, follows
from controltower.store import audit, case, kinship, outage
from controltower.store.engine import one_at_a_time, writing

LONGEST = datetime.timedelta(days=30)


def declare(
    tower: Tower,
    system: str,
    who: str,
    reason: str,
    until: datetime.datetime,
    since: datetime.datetime | None = None,
) -> Outage:
    """Say that a system will be away. What follows from it alarms nobody until it is over.

    Raises LookupError for an unknown system, NotPossible for times that make no outage or a missing reason."""
    if system not in tower.landscape.systems:
        raise LookupError(system)
    now = tower.now()
    since, reason = since or now, reason.strip()
    if not reason:
        raise NotPossible("Say why it is away, in a few words.")
    if until <= max(since, now) or until - since > LONGEST:
        raise NotPossible("It must end in the future, after it begins, and within thirty days.")
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        made = outage.add(connection, Outage(system, since, until, reason, who, now))
        _suppress_open(connection, tower, system, now)
        audit.write_down(
            connection, audit.Entry(now, who, "outage.declare", system, f"{reason} (until {until})")
        )
    return made


def end(tower: Tower, system: str, id: int, who: str) -> None:
    """Say that a declared outage is over, or will not happen. Raises LookupError when there is none such."""
    now = tower.now()
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        if all(each.id != id for each in outage.lasting(connection, [system], now)):
            raise LookupError(str(id))
        outage.end(connection, id, now, who)
        over = now + grace(tower)
        explained = kinship.suppressed(connection, system=system)
        case.put(
            connection,
            [each._replace(suppressed_until=min(each.suppressed_until or over, over)) for each in explained],
        )
        audit.write_down(connection, audit.Entry(now, who, "outage.end", system, str(id)))


def _suppress_open(connection: Connection, tower: Tower, system: str, now: datetime.datetime) -> None:
    """What is open already and follows from an outage that is only declared afterwards."""
    open_ones = [each for each in kinship.open_at(connection, system) if each.suppressed_until is None]
    explained = suppress(connection, tower, open_ones, now)
    case.put(connection, [new for old, new in zip(open_ones, explained, strict=True) if new != old])


def suppress(
    connection: Connection, tower: Tower, cases: Sequence[Case], now: datetime.datetime
) -> list[Case]:
    """The cases, those that a planned absence of their system explains marked with it."""
    systems = {each.system for each in cases if each.system and follows(each, PLANNED)}
    away = absences(connection, tower, systems, now)
    return [_suppressed(each, away.get(each.system, ()), tower, now) for each in cases]


def _suppressed(each: Case, away: Sequence[Absence], tower: Tower, now: datetime.datetime) -> Case:
    if not follows(each, PLANNED):
        return each
    before = figure(tower.landscape, "gathering", "before")
    over = [
        absence.until + grace(tower)
        for absence in away
        if absence.began_at - before <= max(began(each), each.stands_since)
        and now < absence.until + grace(tower)
    ]
    if not over:
        return each
    longest = max(away, key=lambda absence: absence.until)
    return each._replace(suppressed_until=max(over), suppressed_by=longest.words, released_at=None, remark="")


def grace(tower: Tower) -> datetime.timedelta:
    """How long a system has after a planned absence to be itself again."""
    given: datetime.timedelta = figure(tower.landscape, "planned-outage", "grace")
    return given


def absences(
    connection: Connection, tower: Tower, systems: set[str], now: datetime.datetime
) -> dict[str, list[Absence]]:
    """What planned absences systems have now, or had until a moment ago."""
    if not systems:
        return {}
    found: dict[str, list[Absence]] = {
        id: list(maintenance(tower.landscape, tower.landscape.system(id), now, grace(tower)))
        for id in systems
    }
    for each in outage.lasting(connection, systems, now - grace(tower)):
        if each.began_at <= now:
            title = tower.landscape.system(each.system).title
            words = f"declared outage of {title} until {_said(each.until)}: {each.reason}"
            found[each.system].append(Absence(each.began_at, each.until, words))
    return found


def maintenance(
    landscape: Landscape, system: System, now: datetime.datetime, since: datetime.timedelta
) -> Sequence[Absence]:
    """The weekly windows of a system that last at a moment, or ended so short a time before."""
    windows = {*system.maintenance, *(system.sending.windows if system.sending else ())}
    found = []
    for window in sorted(windows, key=lambda each: (each.weekday, each.start)):
        until = window.end_of(now, system.zone) or window.end_of(now - since, system.zone)
        if until is not None:
            words = f"maintenance of {system.title} until {_said(until)}"
            found.append(Absence(until - window.length, until, words))
    return found


def window_words(window: Window) -> str:
    """`Sun 02:00, for 2 h`: a weekly window as people write it."""
    hours = window.length.total_seconds() / 3600
    return f"{_DAYS[window.weekday]} {window.start:%H:%M}, for {hours:g} h"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _said(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
