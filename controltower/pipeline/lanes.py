"""Lanes keep their order: what is about one subject goes to one system one after the other, the newest words last."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from controltower.domain.delivery import (
    DEAD,
    DELIVERED,
    OPEN,
    PENDING,
    RETRYING,
    SENDING,
    STUCK,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
    Delivery,
    Lane,
)
from controltower.domain.landscape import Landscape
from controltower.domain.route import LATEST, Route
from controltower.pipeline.tower import Tower
from controltower.store import delivery

# What is on the wire, or may be: nothing passes it, on either side.
_WIRED = (SENDING, UNKNOWN)


class _Lanes:
    """The live rows of some lanes, locked, with what changes in them."""

    def __init__(self, connection: Connection, landscape: Landscape, lanes: Iterable[Lane]) -> None:
        self.landscape = landscape
        wanted = set(lanes)
        self.rows: dict[Lane, list[Delivery]] = {lane: [] for lane in wanted}
        for each in delivery.live_of(connection, {lane.subject for lane in wanted}):
            if each.lane in wanted:
                self.rows[each.lane].append(each)
        self.changed: dict[int, Delivery] = {}

    def replace(self, lane: Lane, changed: Delivery) -> None:
        self.rows[lane] = [changed if each.id == changed.id else each for each in self.rows[lane]]
        self.changed[changed.id] = changed

    def blocks_when_dead(self, each: Delivery) -> bool:
        route = self.landscape.routes.get(each.route)
        return route is not None and route.waits_behind_dead


def insert(connection: Connection, tower: Tower, new: Sequence[Delivery]) -> list[Delivery]:
    """Add deliveries to their lanes: each in its place, the older ones that it makes needless superseded.

    Returns them as stored: pending, or waiting behind others."""
    lanes = _Lanes(connection, tower.landscape, (each.lane for each in new))
    stored: dict[int, Delivery] = {}
    for each in new:
        stored[each.id] = _insert(lanes, each)
    # What a later one of the same call has superseded is stored as such.
    delivery.add(connection, [lanes.changed.pop(id, each) for id, each in stored.items()])
    delivery.put(connection, list(lanes.changed.values()))
    return list(stored.values())


def _insert(lanes: _Lanes, new: Delivery) -> Delivery:
    lane = new.lane
    for older in [each for each in lanes.rows[lane] if _order(each) < _order(new)]:
        if _supersedes(lanes.landscape, new, older):
            lanes.replace(lane, older._replace(state=SUPERSEDED, replaced_by=new.id, next_at=None))
    stored = new._replace(state=WAITING if _must_wait(lanes, new) else PENDING)
    if stored.state == PENDING:
        for later in lanes.rows[lane]:
            if later.state in (PENDING, RETRYING):
                lanes.replace(lane, later._replace(state=WAITING))
    lanes.rows[lane] = sorted([*lanes.rows[lane], stored], key=_order)
    return stored


def _supersedes(landscape: Landscape, new: Delivery, older: Delivery) -> bool:
    """Whether nobody needs the older one any more: it is stuck, and the newer says all that it says."""
    route = landscape.routes.get(new.route)
    same = route is not None and route.keep == LATEST and older.route == new.route
    return same and older.state in STUCK and older.attributes.keys() <= new.attributes.keys()


def _must_wait(lanes: _Lanes, new: Delivery) -> bool:
    for each in lanes.rows[new.lane]:
        ahead = _order(each) < _order(new)
        if each.state in _WIRED or (ahead and each.state in OPEN):
            return True
        if ahead and each.state == DEAD and lanes.blocks_when_dead(each):
            return True
    return False


def settled(connection: Connection, tower: Tower, done: Sequence[Delivery]) -> None:
    """After deliveries have come to an end (stored already): let the next of their lanes go.

    However long a lane is, this reads but its first."""
    routes, now = tower.landscape.routes, tower.now()
    blocking = [route.name for route in routes.values() if route.waits_behind_dead]
    changed = [
        each for newer in done if newer.state == DELIVERED for each in _overtaken(connection, routes, newer)
    ]
    heads = delivery.heads_of(connection, [each.id for each in done], blocking)
    changed += [head._replace(state=PENDING, next_at=now) for head in heads if head.state == WAITING]
    delivery.put(connection, changed)


def _overtaken(connection: Connection, routes: Mapping[str, Route], newer: Delivery) -> list[Delivery]:
    """Nobody waits any more for older words to be applied once newer ones have been taken."""
    route = routes.get(newer.route)
    if route is None or route.keep != LATEST:
        return []
    return [
        older._replace(applied_by=None)
        for older in delivery.awaited_in(connection, newer.lane, newer.route)
        if _order(older) < _order(newer) and older.attributes.keys() <= newer.attributes.keys()
    ]


def _order(each: Delivery) -> tuple[int, int]:
    return each.ordinal, each.id
