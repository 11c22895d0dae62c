"""The decision about an order's lot, booked as the inspection that Tryton asks for before it completes the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controltower.connectors.contract import Outgoing
from controltower.connectors.tryton.books import Books, Control, Order
from controltower.connectors.tryton.order_steps import close, is_confirmed
from controltower.connectors.tryton.order_wanted import CONFIRMATION
from controltower.connectors.tryton.step import Step, Unwritable, create, press
from controltower.domain.value import Value, read_decimal

PASSED, FAILED = "passed", "failed"
_RESULTS = {PASSED: PASSED, "accepted": PASSED, FAILED: FAILED, "rejected": FAILED}
_CORRECTIONS = {PASSED: ("pass_", "passed against its points"), FAILED: ("fail", "failed against its points")}


@dataclass(frozen=True)
class Decision:
    """What was decided about the lot of an order. `reference`: the inspection's number where it was made."""

    order: str
    result: str
    reference: str
    attributes: Mapping[str, Value]


def decision(outgoing: Outgoing) -> Decision | None:
    """None while nothing is decided yet. Raises Unwritable."""
    attributes = outgoing.attributes
    order = attributes["order"].text if "order" in attributes else outgoing.refs.get("order", "")
    if not order:
        raise Unwritable("an inspection without the number of its order")
    told = [attributes[name].text for name in ("result", "status") if name in attributes]
    result = next((_RESULTS[text] for text in told if text in _RESULTS), "")
    return Decision(order, result, outgoing.subject.key, attributes) if result else None


def next_step(books: Books, order: Order, decided: Decision) -> Step | None:
    """None where nothing is left to do. Raises Unwritable."""
    if order.over:
        return None
    held = books.inspections(order)
    covered = {each.control for each in held}
    if missing := [each for each in books.controls(order) if each.id not in covered]:
        rows = [_row(order, control, decided) for control in missing]
        return create(f"inspected, {decided.result}", "quality.inspection", rows)
    for each in held:
        stamps = {f"quality.inspection,{each.id}": each.stamp}
        if each.state == "pending":
            return press("processed the inspection", "quality.inspection", "process", [each.id], stamps)
        if each.state != decided.result:
            button, words = _CORRECTIONS[decided.result]
            return press(words, "quality.inspection", button, [each.id], stamps)
    return _completion(books, order) if decided.result == PASSED else None


def _completion(books: Books, order: Order) -> Step | None:
    """The completion that waited for the decision; None where the order is not reported complete yet."""
    if order.state != "running" or not is_confirmed(books.note(order, CONFIRMATION)):
        return None
    return close(order) if all(work.state == "finished" for work in books.works(order)) else None


def _row(order: Order, control: Control, decided: Decision) -> dict[str, Any]:
    return {
        "control": control.id,
        "origin": f"production,{order.id}",
        "company": order.company,
        "reference": decided.reference,
        "points": {name: _point(name, type_, decided) for name, type_ in control.points.items()},
    }


def _point(name: str, type_: str, decided: Decision) -> bool | float:
    """A yes-or-no point takes the decision; a measured one needs the figure of that name."""
    if type_ == "boolean":
        return decided.result == PASSED
    told = decided.attributes.get(name)
    if told is None:
        raise Unwritable(f"Tryton's control wants the measured {name}, and the decision comes without")
    try:
        return float(read_decimal(told.text))
    except ValueError as error:
        raise Unwritable(f"{name}: {error}") from None
