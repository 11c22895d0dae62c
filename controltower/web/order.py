"""One order: what everybody believes about it, and how it came to this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, request

from controltower.domain.asof import HAPPENED, LEARNT, beliefs_at
from controltower.domain.belief import Belief
from controltower.domain.delivery import Delivery
from controltower.domain.drift import CLOSED, OPEN, SETTLING, Drift
from controltower.domain.event import Recorded
from controltower.domain.expectation import Expectation
from controltower.domain.subject import Subject, order_subject
from controltower.domain.value import Value
from controltower.domain.vocabulary import STATUS, furthest
from controltower.store import belief as beliefs
from controltower.store import case as cases
from controltower.store import drift as drifts
from controltower.store import event as events
from controltower.store import expectation as expectations
from controltower.store import outbox
from controltower.web import charts, flow_view, hx, timeline, trails
from controltower.web.format import zone_for
from controltower.web.matrix import Matrix, Row, matrix, role_rank
from controltower.web.tower import now, reading, tower

bp = Blueprint("order", __name__)
STORY_LENGTH = 200
QUICK = (
    (timedelta(minutes=10), "10 min ago"),
    (timedelta(hours=1), "1 h ago"),
    (timedelta(hours=8), "8 h ago"),
    (timedelta(days=1), "1 day ago"),
)


@dataclass(frozen=True)
class Known:
    """All that the ledger holds about one order and its operations."""

    subject: Subject
    beliefs: Sequence[tuple[Subject, Belief]]
    history: Sequence[Recorded]
    drifts: Sequence[Drift]
    expectations: Sequence[Expectation]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True)
class AsOf:
    """The moment in the past that the page shows; `at` None means now."""

    at: datetime | None
    clock: str


@dataclass(frozen=True)
class OperationLine:
    """One operation as first planned, as planned now, and as it went."""

    number: str
    subject: Subject
    first_start: Value | None
    first_end: Value | None
    held: dict[str, tuple[str, Value]]  # attribute -> (system, its value), the owner's where one is declared


@bp.get("/orders/<plant>/<path:order>")
def show(plant: str, order: str) -> Response:
    """The whole story of one order; `at` shows what was believed at that moment."""
    known = known_of(plant, order)
    if not known.history and not known.beliefs:
        abort(404)
    as_of = as_of_asked(plant)
    story = story_of(known)
    believed = believed_then(known, as_of)
    shown = matrix_of(known, believed, as_of)
    return hx.page(
        "order.html",
        order=order,
        plant=plant,
        as_of=as_of,
        quick=quick_moments(),
        zone_id=zone_for(plant).key,
        matrix=shown,
        head=head_of(shown),
        open_drifts=[each for each in known.drifts if each.state != CLOSED],
        flows=flow_view.told_by(known.subject, known.history, as_of.at),
        operations=operations_of(known, believed),
        identities=identities_of(known),
        cases={each.id: each for each in cases.of_order(reading(), plant, order)},
        chart=chart_of(known, story, as_of),
        ways=[] if hx.wants_block() else trails.ways_of_order(reading(), plant, order),
        **story_list(story),
    )


def known_of(plant: str, order: str) -> Known:
    connection = reading()
    return Known(
        order_subject(plant, order),
        beliefs.of_order(connection, plant, order),
        events.of_order(connection, plant, order),
        drifts.of_order(connection, plant, order),
        expectations.of_order(connection, plant, order),
        outbox.of_order(connection, plant, order),
    )


def as_of_asked(plant: str) -> AsOf:
    """The URL's moment: local text of the plant ("2026-03-02T14:05") or RFC 3339; unreadable text means now."""
    text, clock = request.args.get("at", ""), request.args.get("clock", HAPPENED)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return AsOf(None, HAPPENED)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone_for(plant))
    return AsOf(moment.astimezone(UTC), LEARNT if clock == LEARNT else HAPPENED)


def quick_moments() -> list[tuple[str, str]]:
    """(text for the URL, words) of the moments people ask for most."""
    return [
        ((now() - gap).isoformat(timespec="seconds").replace("+00:00", "Z"), words) for gap, words in QUICK
    ]


def believed_then(known: Known, as_of: AsOf) -> Sequence[tuple[Subject, Belief]]:
    """What everybody held at the moment that the page shows."""
    if as_of.at is None:
        return known.beliefs
    past = beliefs_at(known.history, as_of.at, as_of.clock)
    return [(subject, belief) for (subject, _, _), belief in past.items()]


def matrix_of(known: Known, believed: Sequence[tuple[Subject, Belief]], as_of: AsOf) -> Matrix:
    """Who held what about the order itself, and which disagreements were past their allowance."""
    held = [belief for subject, belief in believed if subject == known.subject]
    at = as_of.at or now()
    lasting = [
        drift_then(each, at) for each in known.drifts if each.subject == known.subject and lasted(each, at)
    ]
    return matrix(known.subject, held, tower().landscape, lasting)


def lasted(each: Drift, at: datetime) -> bool:
    """Whether a disagreement lasted at a moment."""
    return each.opened_at <= at and (each.closed_at is None or each.closed_at > at)


def drift_then(each: Drift, at: datetime) -> Drift:
    """The drift as it stood at a moment in which it lasted."""
    return (
        each if each.state == SETTLING else each._replace(state=OPEN if at > each.allowed_until else SETTLING)
    )


def head_of(shown: Matrix) -> dict[str, Value]:
    """The owner's word on each attribute of the order; where none speaks, of whoever does, or is furthest."""
    return {row.attribute: row.owners.belief.value if row.owners else unowned(row) for row in shown.rows}


def unowned(row: Row) -> Value:
    """A value that nobody owns: of statuses the furthest, since the shop floor knows before the offices."""
    held = {cell.belief.value.text: cell.belief.value for cell in row.cells.values()}
    return held[furthest(held)] if row.kind == STATUS else next(iter(held.values()))


def identities_of(known: Known) -> list[tuple[str, str]]:
    """(system, what it calls the order), where a system calls it otherwise."""
    found = {
        each.event.system: each.event.refs["native_id"]
        for each in known.history
        if each.event.subject == known.subject
        and each.event.refs.get("native_id", known.subject.key) != known.subject.key
    }
    return sorted(found.items())


def operations_of(known: Known, believed: Sequence[tuple[Subject, Belief]]) -> list[OperationLine]:
    """The order's operations in their order."""
    lines: dict[Subject, dict[str, tuple[str, Value]]] = {}
    for subject, belief in believed:
        if subject.kind == "operation":
            keep_owners_word(lines.setdefault(subject, {}), subject, belief)
    firsts = first_plans(known.history)
    made = [
        OperationLine(
            subject.key.rpartition("/")[2],
            subject,
            firsts.get((subject, "planned_start")),
            firsts.get((subject, "planned_end")),
            words,
        )
        for subject, words in lines.items()
    ]
    return sorted(made, key=lambda line: (len(line.number), line.number))


def keep_owners_word(held: dict[str, tuple[str, Value]], subject: Subject, belief: Belief) -> None:
    landscape = tower().landscape
    ownership = landscape.ownership(subject.kind, belief.attribute)
    owner = landscape.owner_system(subject.plant, ownership) if ownership else None
    if belief.attribute not in held or (owner and owner.id == belief.system):
        held[belief.attribute] = belief.system, belief.value


def first_plans(history: Iterable[Recorded]) -> dict[tuple[Subject, str], Value]:
    """The first planned start and end of each operation that anybody published."""
    found: dict[tuple[Subject, str], Value] = {}
    for recorded in history:
        for name in ("planned_start", "planned_end"):
            if name in recorded.event.attributes:
                found.setdefault((recorded.event.subject, name), recorded.event.attributes[name])
    return found


def story_of(known: Known) -> list[timeline.Entry]:
    """Everything that happened and everything that did not, newest first."""
    return timeline.newest_first(
        [
            *timeline.entries_of(known.history),
            *timeline.gaps_of(known.expectations, tower().landscape, now()),
            *timeline.drifts_of(known.drifts, now()),
            *timeline.deliveries_of(known.deliveries, tower().landscape),
        ]
    )


def story_list(story: list[timeline.Entry]) -> dict[str, Any]:
    """The part of the story that the list shows, and its filters."""
    found = timeline.matching(story, request.args.get("q", ""), request.args.get("system", ""))
    return {"story": found[:STORY_LENGTH], "story_total": len(found), "story_systems": lanes_of(story)}


def lanes_of(story: Iterable[timeline.Entry]) -> list[str]:
    systems = tower().landscape.systems
    return sorted({each.system for each in story}, key=lambda each: (role_rank(systems.get(each)), each))


def chart_of(known: Known, story: list[timeline.Entry], as_of: AsOf) -> object:
    systems = tower().landscape.systems
    lanes = [(each, systems[each].title if each in systems else each) for each in lanes_of(story)]
    zone = zone_for(known.subject.plant)
    return charts.json_for_page(charts.swim_lanes(story, lanes, zone, now(), as_of.at))
