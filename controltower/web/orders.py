"""The list of orders: what each owner says of it, and whether anybody disagrees."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Blueprint, Response, request

from controltower.domain.drift import OPEN, Drift
from controltower.domain.subject import Subject
from controltower.domain.value import Value, shown
from controltower.domain.vocabulary import furthest
from controltower.store import belief as beliefs
from controltower.store import drift as drifts
from controltower.web import hx, sheet
from controltower.web.navigation import NavEntry
from controltower.web.scope import current_scope
from controltower.web.tower import reading, tower

bp = Blueprint("orders", __name__)
NAV = NavEntry("Planner", "Orders", "orders.listing", "order")
PER_PAGE = 50
SHOWN = ("status", "item", "quantity", "due_date", "planned_start", "planned_end", "customer", "value")


@dataclass
class OrderLine:
    """One order with the owner's word on each attribute that the list shows."""

    subject: Subject
    held: dict[str, Value] = field(default_factory=dict)
    drifts: list[Drift] = field(default_factory=list)

    @property
    def open_drifts(self) -> int:
        return sum(each.state == OPEN for each in self.drifts)


@bp.get("/orders")
def listing() -> Response:
    """Orders by number, fifty a page, from behind the key in `after`."""
    prefix = request.args.get("q", "").strip()
    subjects = page_of_orders(prefix, request.args.get("after", ""))
    found = lines_of(subjects[:PER_PAGE])
    if sheet.wanted():
        return as_file(found)
    last = found[-1].subject if len(subjects) > PER_PAGE else None
    return hx.page(
        "orders.html", lines=found, next=f"{last.plant}/{last.key}" if last else None, prefix=prefix
    )


def page_of_orders(prefix: str, after: str) -> list[Subject]:
    """One more than a page holds, so that we know whether there is another."""
    plant = current_scope().plant
    plants = [plant] if plant else list(tower().landscape.plants)
    return beliefs.orders(reading(), plants=plants, prefix=prefix, after=after, limit=PER_PAGE + 1)


def lines_of(subjects: list[Subject]) -> list[OrderLine]:
    """The orders with the word of each attribute's owner; without a declared owner, of whoever speaks of it."""
    found = {subject: OrderLine(subject) for subject in subjects}
    owners: dict[tuple[str, str], str] = {}
    for subject, belief in beliefs.of(reading(), subjects):
        if belief.attribute not in SHOWN:
            continue
        key = subject.plant, belief.attribute
        if key not in owners:
            owners[key] = owner_of(*key)
        held = found[subject].held
        if belief.system == owners[key] or belief.attribute not in held:
            held[belief.attribute] = belief.value
        elif belief.attribute == "status" and not owners[key]:
            known = held["status"]
            held["status"] = (
                known if furthest((known.text, belief.value.text)) == known.text else belief.value
            )
    for each in drifts.unclosed_of(reading(), subjects):
        found[each.subject].drifts.append(each)
    return list(found.values())


def owner_of(plant: str, attribute: str) -> str:
    """The id of the system whose word counts for an order's attribute; empty where nobody's was declared."""
    landscape = tower().landscape
    ownership = landscape.ownership("order", attribute)
    system = landscape.owner_system(plant, ownership) if ownership else None
    return system.id if system else ""


def as_file(found: list[OrderLine]) -> Response:
    rows = [
        (
            line.subject.plant,
            line.subject.key,
            *(text_of(line.held.get(name)) for name in SHOWN),
            line.open_drifts,
        )
        for line in found
    ]
    return sheet.csv_file("orders", ["plant", "order", *SHOWN, "open_drifts"], rows)


def text_of(value: Value | None) -> str:
    return shown(value) if value else ""
