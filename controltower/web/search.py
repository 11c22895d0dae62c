"""One box for every number: an order, a purchase or another subject, a message, or a trace."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from controltower.domain.subject import Subject
from controltower.domain.trace import is_trace
from controltower.store import belief as beliefs
from controltower.store import delivery as outbox
from controltower.store import event as events
from controltower.store import message as inbox
from controltower.web import hx, waterfall
from controltower.web.tower import reading, tower

bp = Blueprint("search", __name__)
MOST = 20
KINDS = {
    "purchase": "Purchase",
    "inspection": "Inspection",
    "shipment": "Shipment",
    "stock": "Stock",
    "resource": "Resource",
}


@bp.get("/search")
def find() -> Response:
    """Go straight to the one thing that has this number; else list what begins with it."""
    text = request.args.get("q", "").strip()
    orders = orders_like(text) if text else []
    exact = [each for each in orders if each.key in (text.upper(), f"MO-{text}")]
    if len(exact) == 1:
        return hx.go_to(url_for("order.show", plant=exact[0].plant, order=exact[0].key))
    if address := message_numbered(text):
        return hx.go_to(address)
    if is_trace(text) and waterfall.of_trace(text):
        return hx.go_to(url_for("traces.show", trace=text))
    deliveries = (
        [inbox.by_delivery(reading(), system, text) for system in tower().landscape.systems] if text else []
    )
    messages = [each for each in deliveries if each]
    if len(messages) == 1 and not orders:
        return hx.go_to(url_for("messages.show", id=messages[0]))
    others = others_like(text) if text else []
    return hx.page("search.html", text=text, orders=orders, messages=messages, others=others, kinds=KINDS)


def message_numbered(text: str) -> str:
    """The page of the message of that number, whichever way it went; empty when there is none."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    if number and inbox.by_ids(reading(), [number]):
        return url_for("messages.show", id=number)
    return url_for("deliveries.show", id=number) if number and outbox.get(reading(), number) else ""


def orders_like(text: str) -> list[Subject]:
    """Orders whose number begins with the text, capital letters or not; the digits alone will do."""
    plants = list(tower().landscape.plants)
    wanted = [text, text.upper()] + ([f"MO-{text}"] if text.isdigit() else [])
    found: dict[Subject, None] = {}
    for prefix in dict.fromkeys(wanted):
        found.update(dict.fromkeys(beliefs.orders(reading(), plants=plants, prefix=prefix, limit=MOST)))
    return list(found)[:MOST]


def others_like(text: str) -> list[tuple[Subject, int]]:
    """(subject, its latest message) of other kinds whose key is exactly the text."""
    found = []
    for plant in tower().landscape.plants:
        for kind in KINDS:
            told = events.of_subject(reading(), Subject(plant, f"{kind}/{text.upper()}"), limit=1)
            found += [(each.event.subject, each.position.message) for each in told]
    return found
