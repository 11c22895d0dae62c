"""One outgoing message: what it carries, every attempt at it, and what a person may do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, url_for

from controltower.domain import delivery as deliveries
from controltower.domain.belief import Belief
from controltower.domain.delivery import DEAD, Delivery
from controltower.domain.rehearsal import RESUBMITTABLE, Selection, Verdict
from controltower.domain.subject import Subject, order_of
from controltower.domain.value import Value, differ
from controltower.domain.vocabulary import value_kind
from controltower.pipeline.rehearse import rehearsed
from controltower.store import attempt as attempts
from controltower.store import belief as beliefs
from controltower.store import delivery as outbox_rows
from controltower.store import outbox
from controltower.store.attempt import Attempt
from controltower.web import hx, outgoing, targets, waterfall
from controltower.web.tower import reading, tower

bp = Blueprint("deliveries", __name__)
ATTEMPTS_SHOWN = 50


@dataclass(frozen=True)
class Part:
    """One attribute that a delivery carries, beside what its owner says and what the target shows now."""

    attribute: str
    kind: str
    value: Value
    owner: str = ""
    owners: Value | None = None
    shown: Value | None = None

    @property
    def old_news(self) -> bool:
        """Whether the owner says something else by now."""
        return self.owners is not None and differ(self.kind, self.value, self.owners)

    @property
    def is_shown(self) -> bool:
        """Whether the target shows what is carried."""
        return self.shown is not None and not differ(self.kind, self.value, self.shown)


@dataclass(frozen=True)
class Try:
    """One attempt with what went over the wire."""

    attempt: Attempt
    request: outgoing.Wire | None
    response: outgoing.Wire | None


def known(id: int) -> Delivery:
    """The delivery of this id, else 404."""
    found = outbox_rows.get(reading(), id) if id < 2**63 else None
    if found is None:
        abort(404)
    return found


def parts_of(each: Delivery) -> list[Part]:
    """What a delivery carries, in its own order."""
    held = beliefs.of(reading(), [each.subject])
    known = {(belief.attribute, belief.system): belief for _, belief in held}
    return [part_of(each, name, value, known) for name, value in each.attributes.items()]


def part_of(each: Delivery, name: str, value: Value, known: Mapping[tuple[str, str], Belief]) -> Part:
    ownership = tower().landscape.ownership(each.subject.kind, name)
    owning = tower().landscape.owner_system(each.subject.plant, ownership) if ownership else None
    owner = (
        owning.id if owning else each.source
    )  # as when it was written: where nobody owns it, its source's word
    owners, shown = known.get((name, owner)), known.get((name, each.target))
    return Part(
        name, value_kind(each.subject.kind, name), value, owner,
        owners.value if owners else None, shown.value if shown else None,
    )  # fmt: skip


def lane_of(each: Delivery) -> tuple[list[Delivery], list[Delivery]]:
    """What is still open of its lane: (before it, behind it)."""
    live = outbox_rows.live_of(reading(), [each.subject], lock=False)
    mine = [one for one in live if one.lane == each.lane and one.id != each.id]
    place = (each.ordinal, each.id)
    return (
        [one for one in mine if (one.ordinal, one.id) < place],
        [one for one in mine if (one.ordinal, one.id) > place],
    )


def tries_of(each: Delivery) -> list[Try]:
    """The latest attempts, the newest first."""
    made = attempts.of_delivery(reading(), each.id)[-ATTEMPTS_SHOWN:]
    return [Try(one, outgoing.wire(one.request), outgoing.wire(one.response)) for one in reversed(made)]


def order_url(subject: Subject) -> str:
    """The page of the order that a delivery is about; empty for other subjects."""
    order = order_of(subject)
    return url_for("order.show", plant=subject.plant, order=order) if order else ""


@bp.get("/deliveries/<int:id>")
def show(id: int) -> Response:
    """One delivery with its attempts."""
    each = known(id)
    return hx.page("delivery.html", **context_of(each))


def context_of(each: Delivery) -> dict[str, Any]:
    """All that the page of a delivery shows."""
    before, behind = lane_of(each)
    return {
        "each": each,
        "name": outgoing.name_of(each),
        "state": outgoing.state_of(each),
        "states": outgoing.STATES,
        "standing": outgoing.standing(each, len(before)),
        "advice": outgoing.ADVICE.get(each.error, "") if each.state == DEAD else "",
        "error_title": outgoing.title_of(each.error),
        "outcomes": outgoing.OUTCOMES,
        "state_of": outgoing.state_of,
        "parts": parts_of(each),
        "tries": tries_of(each),
        "before": before,
        "behind": behind,
        "copies": outbox.copies_of(reading(), each),
        "team": targets.team_of(each.route, each.target),
        "route": tower().landscape.routes.get(each.route),
        "order_url": order_url(each.subject),
        "gate": targets.gate_of(each.target),
        "gates": targets.STATES,
        "fall": waterfall.of_trace(each.trace, each.subject) if each.trace else None,
        "verdict": verdict_on(each),
        "discardable": each.state in (deliveries.DEAD, *deliveries.STUCK),
        "stale": None,
        "reason": "",
    }


def verdict_on(each: Delivery) -> Verdict | None:
    """What sending it again by hand would mean; None where that cannot be."""
    if each.state not in RESUBMITTABLE:
        return None
    return next((verdict for _, verdict in rehearsed(tower(), Selection(ids=(each.id,)))), None)
