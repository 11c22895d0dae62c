"""The drift board: which orders disagree, how badly, since when, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, request

from controltower.domain import cause
from controltower.domain.drift import CLOSED, OPEN, SETTLING, Drift
from controltower.domain.subject import Subject, order_of, order_subject
from controltower.domain.value import Value, shown
from controltower.domain.vocabulary import value_kind
from controltower.store import belief as beliefs
from controltower.store import drift as drifts
from controltower.web import hx, sheet
from controltower.web.format import label
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope
from controltower.web.tower import now, reading, tower

bp = Blueprint("drift", __name__)
NAV = NavEntry("Planner", "Drift board", "drift.board", "drift")
MOST = 500  # open drift beyond this is a fault of an interface, not a list that people work through
STATES = (OPEN, SETTLING, CLOSED)
GROUPS = ("", "plant", "pair", "attribute", "cause")


@dataclass(frozen=True)
class Line:
    """One drift with what makes it bad: how far past its allowance, and what the order is worth."""

    drift: Drift
    order: str
    worth: Value | None
    priority: str
    overdue: timedelta

    @property
    def kind(self) -> str:
        return value_kind(self.drift.subject.kind, self.drift.attribute)

    @property
    def weight(self) -> float:
        """Days late times the order's value; without a value, days late alone."""
        return self.overdue / timedelta(days=1) * max(self.amount, 1.0)

    @property
    def amount(self) -> float:
        try:
            return float(Decimal(self.worth.text)) if self.worth else 0.0
        except InvalidOperation:
            return 0.0

    @property
    def cause_title(self) -> str:
        return cause.TITLES.get(self.drift.cause, label(self.drift.cause))


@bp.get("/drift")
def board() -> Response:
    """One row per disagreement, worst first; filters, grouping and sort are in the URL."""
    state = request.args.get("state", OPEN)
    state = state if state in STATES else OPEN
    found = lines(state, now())
    chosen = sorted_lines([line for line in found if matches(line)], request.args.get("sort", ""))
    if sheet.wanted():
        return as_file(chosen)
    return hx.page(
        "drift.html", state=state, groups=grouped(chosen), **summary(found, chosen), cut=len(found) >= MOST
    )


def lines(state: str, at: datetime) -> list[Line]:
    """All drift in a state at the chosen plant, with each order's value and priority."""
    plant = current_scope().plant
    found = drifts.listing(reading(), state=state, plants=[plant] if plant else (), limit=MOST)
    worth = order_facts({order_subject(each.subject.plant, order_of(each.subject) or "") for each in found})
    return [line_of(each, worth, at) for each in found]


def line_of(each: Drift, facts: dict[tuple[Subject, str], Value], at: datetime) -> Line:
    order = order_of(each.subject) or each.subject.key
    about = order_subject(each.subject.plant, order)
    priority = facts.get((about, "priority"))
    until = each.closed_at or at
    return Line(
        each,
        order,
        facts.get((about, "value")),
        priority.text if priority else "",
        until - each.allowed_until,
    )


def order_facts(orders: set[Subject]) -> dict[tuple[Subject, str], Value]:
    """(order, attribute) -> value and priority, from whoever holds them (the owner's word last)."""
    wanted = dict.fromkeys(orders, frozenset(("value", "priority")))
    told = beliefs.of_attributes(reading(), wanted)
    return {(subject, held.attribute): held.value for subject, held in told}


def matches(line: Line) -> bool:
    """Whether a line passes the filters of the URL."""
    wanted = {"attribute": line.drift.attribute, "cause": line.drift.cause, "follower": line.drift.follower}
    return all(request.args.get(name) in (None, "", held) for name, held in wanted.items())


def sorted_lines(found: list[Line], sort: str) -> list[Line]:
    """By the URL's wish, worst first without one."""
    keys = {
        "order": lambda line: (line.order, line.drift.attribute),
        "age": lambda line: -line.drift.opened_at.timestamp(),
        "worth": lambda line: line.amount,
        "over": lambda line: line.overdue,
        "cause": lambda line: line.cause_title,
        "weight": lambda line: line.weight,
    }
    name = sort.lstrip("-")
    if name not in keys:
        return sorted(found, key=keys["weight"], reverse=True)
    return sorted(found, key=keys[name], reverse=sort.startswith("-"))


def grouped(found: list[Line]) -> list[tuple[str, list[Line]]]:
    """[(title, lines)] in the order of the worst line of each group; one untitled group without grouping."""
    wanted = request.args.get("group", "")
    if wanted not in GROUPS or not wanted:
        return [("", found)]
    groups: dict[str, list[Line]] = {}
    for line in found:
        groups.setdefault(group_title(line, wanted), []).append(line)
    return list(groups.items())


def group_title(line: Line, wanted: str) -> str:
    systems, plants = tower().landscape.systems, tower().landscape.plants
    if wanted == "plant":
        plant = plants.get(line.drift.subject.plant)
        return plant.name if plant else line.drift.subject.plant
    if wanted == "pair":
        ends = [
            systems[each].title if each in systems else each
            for each in (line.drift.owner, line.drift.follower)
        ]
        return " → ".join(ends)
    return label(line.drift.attribute) if wanted == "attribute" else line.cause_title


def summary(found: list[Line], chosen: list[Line]) -> dict[str, Any]:
    """The figures above the list and the filters' choices, out of what is there."""
    counts = drifts.counts(reading())
    return {
        "counts": {OPEN: counts.get(OPEN, 0), SETTLING: counts.get(SETTLING, 0)},
        "shown": len(chosen),
        "orders": len({(line.drift.subject.plant, line.order) for line in chosen}),
        "longest": max((line.overdue for line in chosen), default=None),
        "worth": worth_at_stake(chosen),
        "causes": Counter((line.drift.cause, line.cause_title) for line in found).most_common(),
        "attributes": sorted({line.drift.attribute for line in found}),
        "followers": sorted({line.drift.follower for line in found}),
    }


def worth_at_stake(chosen: list[Line]) -> list[tuple[float, str]]:
    """(amount, currency) of the orders concerned, each order once."""
    held = {(line.drift.subject.plant, line.order): line for line in chosen if line.worth}
    sums: Counter[str] = Counter()
    for line in held.values():
        sums[line.worth.unit if line.worth else ""] += line.amount  # type: ignore[assignment]
    return [(amount, currency) for currency, amount in sums.items()]


def as_file(chosen: list[Line]) -> Response:
    columns = (
        "plant order subject attribute owner owner_value follower "
        "follower_value opened_at allowed_until state closed_at lag_s cause why"
    ).split()
    rows = [
        (
            line.drift.subject.plant,
            line.order,
            line.drift.subject.name,
            line.drift.attribute,
            line.drift.owner,
            shown(line.drift.owner_value),
            line.drift.follower,
            shown(line.drift.follower_value),
            line.drift.opened_at,
            line.drift.allowed_until,
            line.drift.state,
            line.drift.closed_at,
            line.drift.lag,
            line.drift.cause,
            line.drift.why,
        )
        for line in chosen
    ]
    return sheet.csv_file("drift", columns, rows)
