"""The network as a map: systems by their part in the work, and the ways between them by state and volume."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controltower.domain.landscape import Landscape, System
from controltower.domain.route import Route
from controltower.web import targets
from controltower.web.format import count, millis
from controltower.web.matrix import role_rank
from controltower.web.systems import HEALTH, SystemLine
from controltower.web.targets import Target
from controltower.web.tower import tower

# In which column a role stands: planning to the left of execution, what serves it to the right.
COLUMNS = {
    "erp": 0,
    "procurement": 0,
    "supplier": 0,
    "aps": 1,
    "quality": 1,
    "workforce": 1,
    "analytics": 1,
    "mes": 2,
}
LAST_COLUMN = 3
WIDTH, HEIGHT, ROW, STEP, EDGE = 196, 44, 62, 314, 8
THINNEST, THICKEST = 1.2, 5.0
TONES = {targets.OPEN: "bad", targets.PAUSED: "warn", targets.PROBING: "warn"}


@dataclass(frozen=True)
class Node:
    """One system's box with its place, its health and what waits for it."""

    system: System
    x: float
    y: float
    tone: str
    words: str


@dataclass(frozen=True)
class Way:
    """One way from a system to another; `carried` by the tower itself, or known to exist beside it."""

    path: str
    carried: bool
    tone: str
    width: float
    words: str


@dataclass(frozen=True)
class Network:
    """The whole map, in its own units."""

    nodes: Sequence[Node]
    ways: Sequence[Way]
    width: float
    height: float
    box: int = WIDTH


def network(lines: Sequence[SystemLine], sent_to: Sequence[Target]) -> Network:
    """The map of some systems; `sent_to` are those of them to which a route leads."""
    by_id = {each.system.id: each for each in sent_to}
    columns: dict[int, list[SystemLine]] = {}
    for line in sorted(lines, key=lambda each: (role_rank(each.system), each.system.title)):
        columns.setdefault(COLUMNS.get(line.system.role, LAST_COLUMN), []).append(line)
    tallest = max((len(each) for each in columns.values()), default=0)
    nodes = {
        line.system.id: node_of(line, by_id.get(line.system.id), place, row + (tallest - len(held)) / 2)
        for place, (_, held) in enumerate(sorted(columns.items()))
        for row, line in enumerate(held)
    }
    width = STEP * (len(columns) - 1) + WIDTH + 2 * EDGE
    return Network(list(nodes.values()), list(ways_of(nodes, by_id)), width, tallest * ROW + EDGE)


def node_of(line: SystemLine, target: Target | None, column: int, row: float) -> Node:
    """A box in its place; the worse of its health and its gate gives the tone."""
    words, tone, _ = HEALTH[line.health]
    told = [words]
    if target is not None and target.state in TONES:
        told, tone = [targets.STATES[target.state][0]], TONES[target.state]
    if target is not None and target.backlog:
        told.append(f"{target.backlog:,} to go out")
    if target is not None and target.dead:
        told.append(f"{target.dead:,} dead")
        tone = "warn" if tone == "ok" else tone
    return Node(line.system, EDGE + column * STEP, EDGE + row * ROW, tone, ", ".join(told))


def ways_of(nodes: dict[str, Node], by_id: dict[str, Target]) -> Iterable[Way]:
    """The ways between the boxes: first those beside the tower, so that its own are drawn over them."""
    carried = {
        pair: routes for pair, routes in carried_pairs(tower().landscape, nodes).items() if pair[1] in by_id
    }
    beside = {(each.source, each.target) for each in tower().landscape.interfaces}
    for source, target in sorted(beside - set(carried)):
        if source in nodes and target in nodes:
            words = f"{nodes[source].system.title} → {nodes[target].system.title}: without the tower"
            yield Way(curve(nodes[source], nodes[target]), False, "idle", THINNEST, words)
    for (source, target), routes in sorted(carried.items()):
        yield own_way(nodes[source], nodes[target], by_id[target], routes)


def carried_pairs(landscape: Landscape, known: Iterable[str]) -> dict[tuple[str, str], list[Route]]:
    """Which system's news the tower carries to which, by which routes."""
    systems = [landscape.systems[id] for id in known]
    found: dict[tuple[str, str], list[Route]] = {}
    for route in (each for each in landscape.routes.values() if not each.on_demand):
        for source in (each for each in systems if each.role == route.source):
            for target in (each for each in systems if each.role == route.target and each.id != source.id):
                if set(source.plants) & set(target.plants):
                    found.setdefault((source.id, target.id), []).append(route)
    return found


def own_way(source: Node, end: Node, target: Target, routes: Sequence[Route]) -> Way:
    names = {each.name for each in routes}
    mine = [each for each in target.interfaces if each.route.name in names]
    lately = sum(each.lately_from(source.system.id) for each in mine)
    slowest = max((each.p95 for each in mine if each.p95 is not None), default=None)
    words = [
        f"{source.system.title} → {end.system.title}: {', '.join(each.title for each in routes)}",
        targets.STATES[target.state][0],
        f"{count(lately, 'delivery', 'deliveries')} taken in the last hour",
    ]
    if slowest is not None:
        words.append(f"95 % answered within {millis(slowest)}")
    width = min(THICKEST, THINNEST + 0.7 * math.log2(1 + lately))
    return Way(
        curve(source, end), True, TONES.get(target.state, "ok" if lately else "idle"), width, "; ".join(words)
    )


def curve(source: Node, target: Node) -> str:
    """A curve from box to box: there above the middle, back below it, so that both can be seen."""
    forward = source.x <= target.x
    shift = HEIGHT / 2 + (-6 if forward else 6)
    y1, y2 = source.y + shift, target.y + shift
    if source.x == target.x:
        x = source.x + WIDTH
        return f"M{x} {y1:.1f} C{x + 60} {y1:.1f} {x + 60} {y2:.1f} {x} {y2:.1f}"
    x1, x2 = (source.x + WIDTH, target.x) if forward else (source.x, target.x + WIDTH)
    middle = (x1 + x2) / 2
    return f"M{x1} {y1:.1f} C{middle} {y1:.1f} {middle} {y2:.1f} {x2} {y2:.1f}"
