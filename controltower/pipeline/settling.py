"""Time passes for exceptions: parents end and leave their children, planned outages end, what flapped is calm."""

import datetime
from collections.abc import Iterator

from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.exception import Case
from controltower.pipeline.figures import figure
from controltower.pipeline.gathering import gather, tell_many
from controltower.pipeline.outages import suppress
from controltower.pipeline.tower import Tower
from controltower.rules.gathering import FLAPPING, GATHERED, MANY
from controltower.store import case, kinship
from controltower.store.engine import one_at_a_time, reading, writing


def settle(tower: Tower) -> int:
    """Let exceptions whose parent or explanation is gone stand by themselves, and end what nothing holds together any
    more. Returns how many changed."""
    now = tower.now()
    with reading(tower.engine) as connection:
        busy = any(_ended(connection, tower, now)) or any(_released(connection, tower, now))
    if not busy:
        return 0
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        return settle_in(connection, tower, now)


def settle_in(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    """The same within a transaction; the caller holds the turn of `one_at_a_time`."""
    ended = list(_ended(connection, tower, now))
    case.put(connection, ended)
    for each in ended:
        if each.rule == MANY and each.resolved_at is None:
            tell_many(connection, each)
    released = list(_released(connection, tower, now))
    case.put(connection, released)
    gather(connection, tower, released)
    return len(ended) + len(released)


# ---- parents that the tower has gathered ----------------------------------------------------------------------


def _ended(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    """Those that are over, and those of many of which fewer are left."""
    parents = case.open_of(connection, GATHERED)
    numbers = kinship.child_numbers(connection, [each.id for each in parents]) if parents else {}
    for each in parents:
        _, lasting = numbers.get(each.id, (0, 0))
        if each.rule == MANY and not lasting:
            yield exceptions.resolved(each, now, "None of them is open any more.")
        elif each.rule == MANY and f", {lasting} of them" not in each.why:
            yield each
        elif each.rule == FLAPPING and not lasting and _calm(connection, tower, each, now):
            minutes = figure(tower.landscape, FLAPPING, "calm").total_seconds() / 60
            yield exceptions.resolved(each, now, f"Calm: it has not come back for {minutes:.0f} min.")


def _calm(connection: Connection, tower: Tower, each: Case, now: datetime.datetime) -> bool:
    ends = [one.resolved_at for one in kinship.children(connection, [each.id]) if one.resolved_at]
    calm: datetime.timedelta = figure(tower.landscape, FLAPPING, "calm")
    return max(ends, default=each.opened_at) + calm <= now


# ---- what stands by itself again ------------------------------------------------------------------------------


def _released(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    yield from _left_alone(connection, tower, now)
    yield from _come_to_life(connection, tower, now)


def _left_alone(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    """Children that still hold although their parent is over."""
    until = now - figure(tower.landscape, "gathering", "release_after")
    for each, title in kinship.orphans(connection, until):
        words = f"It was a consequence of “{title}”, which is over; it still holds." if title else ""
        yield each._replace(parent="", released_at=now, remark=words)


def _come_to_life(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    """What a planned outage explained, and holds after it."""
    due = kinship.suppressed(connection, now)
    for old, new in zip(due, suppress(connection, tower, due, now), strict=True):
        if new.suppressed_until is not None and new.suppressed_until > now:
            yield new  # it lasts longer than planned at first
        else:
            words = f"It was put down to {old.suppressed_by}. That is over, and it still holds."
            yield old._replace(suppressed_until=None, suppressed_by="", released_at=now, remark=words)
