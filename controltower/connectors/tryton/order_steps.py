"""From what Tryton holds of an order to what is wanted of it: the next step, None where nothing is left to do.

A step is always found from what Tryton holds now. So a sending that was broken off goes on where the order stands.
"""

from decimal import Decimal

from controltower.connectors.tryton.books import Books, Note, Order, Output
from controltower.connectors.tryton.dialect import encode_date
from controltower.connectors.tryton.order_wanted import (
    CANCELLED,
    CONFIRMATION,
    DONE,
    FINAL,
    Wanted,
    number_of,
)
from controltower.connectors.tryton.step import Contrary, NotWanted, Step, Unwritable, create, press, write

_RANK = {"request": 0, "draft": 1, "waiting": 2, "assigned": 3, "running": 4, "done": 5}
_UNRESERVED = ("request", "draft", "waiting")
_BUTTONS = {"request": "draft", "draft": "wait", "assigned": "run"}
_WORDS = {"draft": "accepted", "wait": "released", "run": "started"}
PLACES = 3  # of the quantities of moves when their order's quantity changes


def next_step(books: Books, order: Order, wanted: Wanted, assign: str) -> Step | None:
    """`assign`: the button that reserves material. Raises Unwritable, NotWanted, Contrary."""
    return (
        _dates(order, wanted)
        or _quantity(books, order, wanted)
        or (None if _is_to_finish(order, wanted) else _note(books, order, wanted))
        or _state(books, order, wanted, assign)
    )


def _is_to_finish(order: Order, wanted: Wanted) -> bool:
    """Whether it must still be completed. Then its confirmation is noted last: who finds the note may complete it."""
    return wanted.state == DONE and not order.over


def _dates(order: Order, wanted: Wanted) -> Step | None:
    pairs = (("planned_start_date", order.start, wanted.start), ("planned_date", order.finish, wanted.finish))
    changes = {name: day for name, held, day in pairs if day is not None and day != held}
    if order.over or not changes:
        return None
    words = ", ".join(f"{name} {day}" for name, day in changes.items())
    values = {name: encode_date(day) for name, day in changes.items()}
    return write(f"set {words}", "production", order.id, values, _stamp(order))


def _quantity(books: Books, order: Order, wanted: Wanted) -> Step | None:
    """A new quantity with its planned moves in proportion, as Tryton's own form would explode them."""
    if wanted.quantity is None or (new := number_of(wanted.quantity, order.unit)) == order.quantity:
        return None
    if order.state not in _UNRESERVED:
        raise NotWanted(f"{order.name} is {order.state}: its material is reserved, its quantity stands")
    if new <= 0 or order.quantity <= 0:
        raise NotWanted(f"{order.name} cannot be changed from {order.quantity} to {new}")
    factor, moves = new / order.quantity, books.moves(order)
    values: dict[str, object] = {"quantity": float(new)}
    for side, ids in (("inputs", order.inputs), ("outputs", order.outputs)):
        values[side] = [
            ["write", [id], {"quantity": _scaled(moves[id], factor)}] for id in ids if id in moves
        ]
    return write(f"set quantity {new}", "production", order.id, values, _stamp(order))


def _scaled(quantity: Decimal, factor: Decimal) -> float:
    return float(round(quantity * factor, PLACES))


def _note(books: Books, order: Order, wanted: Wanted) -> Step | None:
    for heading, text in wanted.notes.items():
        if order.over and wanted.state != DONE:
            continue  # what is over needs no plan, and no partial confirmation
        held = books.note(order, heading)
        if held is None:
            row = {"resource": f"production,{order.id}", "message": text}
            return create(f"noted the {heading.rpartition(' ')[2]}", "ir.note", [row])
        if held.message != text:
            words = f"renewed the note of the {heading.rpartition(' ')[2]}"
            return write(words, "ir.note", held.id, {"message": text}, {})
    return None


def _state(books: Books, order: Order, wanted: Wanted, assign: str) -> Step | None:
    if wanted.state in ("", order.state):
        return None
    if wanted.state == CANCELLED:
        return press("cancelled", "production", "cancel", [order.id], _stamp(order))
    if order.state == CANCELLED:
        raise Contrary(f"Tryton holds {order.name} cancelled")
    if order.state not in _RANK:
        raise Contrary(f"Tryton holds {order.name} as {order.state}, which this connector does not know")
    if _RANK[order.state] >= _RANK[wanted.state]:
        return None
    if order.state == "waiting":
        vain = f"the material of {order.name} is not all there, so it stays waiting"
        return press("assigned its material", "production", assign, [order.id], _stamp(order), vain=vain)
    if order.state != "running":
        button = _BUTTONS[order.state]
        return press(_WORDS[button], "production", button, [order.id], _stamp(order))
    return _finishing(books, order, wanted)


def _finishing(books: Books, order: Order, wanted: Wanted) -> Step:
    """Its operations, its yield, the note of its confirmation, then itself."""
    if wanted.good is None:
        raise Unwritable(f"a completed order needs its quantity_good, and {order.name} comes without")
    return (
        _work(books, order)
        or _yield(books, order, number_of(wanted.good, order.unit))
        or _note(books, order, wanted)
        or close(order)
    )


def _work(books: Books, order: Order) -> Step | None:
    works = books.works(order)
    stamps = {f"production.work,{work.id}": work.stamp for work in works}
    if planned := books.planned_cycles([work.id for work in works if work.state != "finished"]):
        return press("started the planned cycles", "production.work.cycle", "run", planned, {})
    for state, button, words in (("draft", "start", "started"), ("running", "stop", "finished")):
        if ids := [work.id for work in works if work.state == state]:
            held = {name: stamps[name] for name in (f"production.work,{id}" for id in ids)}
            return press(f"{words} {len(ids)} operations", "production.work", button, ids, held)
    return None


def _yield(books: Books, order: Order, good: Decimal) -> Step | None:
    outputs = books.outputs(order)
    if sum((each.quantity for each in outputs), Decimal()) == good:
        return None
    if len(outputs) != 1:
        raise NotWanted(
            f"{order.name} has {len(outputs)} receipts of its product, so its yield must be booked by hand"
        )
    return _put_out(order, outputs[0], good)


def _put_out(order: Order, output: Output, good: Decimal) -> Step:
    values = {"outputs": [["write", [output.id], {"quantity": float(good)}]]}
    return write(f"set its yield to {good}", "production", order.id, values, _stamp(order))


def close(order: Order) -> Step:
    """The completion itself, which receives the goods."""
    asks = f"all is booked but the completion: Tryton waits for the inspection of {order.name}"
    return press("completed", "production", "do", [order.id], _stamp(order), asks=asks)


def is_confirmed(note: Note | None) -> bool:
    """Whether the final confirmation of an order was booked up to its completion."""
    return note is not None and note.message.startswith(f"{CONFIRMATION} ({FINAL})")


def _stamp(order: Order) -> dict[str, str]:
    return {f"production,{order.id}": order.stamp}
