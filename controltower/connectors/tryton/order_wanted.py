"""What a message about an order asks of Tryton, in its terms."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from controltower.connectors.contract import Outgoing
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.step import Unwritable
from controltower.domain import vocabulary
from controltower.domain.value import Value, read_decimal, read_time, shown

DONE, CANCELLED = "done", "cancelled"
# "" = nothing to do: the tower never takes an order back to its draft.
STATES = {
    "proposed": "",
    "draft": "",
    "firm": "",
    "released": "waiting",
    "ready": "assigned",
    "running": "running",
    "held": "running",
    "completed": DONE,
    "closed": DONE,
    "cancelled": CANCELLED,
}
PLAN, CONFIRMATION = "Control Tower: plan", "Control Tower: confirmation"
FINAL, PARTIAL = "final", "partial"
_COUNTED = ("quantity_good", "quantity_scrap")
# Facts that have a field of their own in Tryton, or that are what Tryton itself does at its buttons.
_NOT_NOTED = frozenset(
    "status item quantity due_date planned_start actual_start actual_end bom_version routing_version value".split()
)


@dataclass(frozen=True)
class Wanted:
    """`state`: Tryton's word, "" for any. `notes`: text by its heading, for what Tryton has no field for."""

    state: str
    start: dt.date | None
    finish: dt.date | None
    quantity: Value | None
    good: Value | None
    notes: Mapping[str, str]


def wanted(places: Places, outgoing: Outgoing) -> Wanted:
    """Raises Unwritable."""
    attributes, plant = outgoing.attributes, outgoing.subject.plant
    state = _state(attributes.get("status"))
    return Wanted(
        state,
        _day(places, plant, attributes.get("planned_start")),
        _day(places, plant, attributes.get("due_date")),
        attributes.get("quantity"),
        attributes.get("quantity_good"),
        _notes(places, outgoing, state),
    )


def number_of(value: Value, unit: str) -> Decimal:
    """A quantity in the unit in which Tryton counts it. Raises Unwritable."""
    if value.unit and unit and value.unit != unit:
        raise Unwritable(f"Tryton counts it in {unit}, and {value.text} {value.unit} is something else")
    try:
        return read_decimal(value.text)
    except ValueError as error:
        raise Unwritable(str(error)) from None


def _state(status: Value | None) -> str:
    if status is None:
        return ""
    if status.text not in STATES:
        raise Unwritable(f"Tryton has no state for {status.text!r}")
    return STATES[status.text]


def _day(places: Places, plant: str, moment: Value | None) -> dt.date | None:
    """The day of a moment in the plant: Tryton plans by the day."""
    if moment is None:
        return None
    try:
        return read_time(moment.text).astimezone(places.zone(plant)).date()
    except (ValueError, OverflowError):
        raise Unwritable(f"{moment.text!r} is no time") from None


def _notes(places: Places, outgoing: Outgoing, state: str) -> dict[str, str]:
    told = {name: each for name, each in outgoing.attributes.items() if name not in _NOT_NOTED}
    counted = {name: told.pop(name) for name in _COUNTED if name in told}
    zone = places.zone(outgoing.subject.plant)
    at = f"{outgoing.occurred_at.astimezone(zone):%Y-%m-%d %H:%M}"
    notes = {}
    if told:
        notes[PLAN] = _text(PLAN, told, zone, [f"told by {outgoing.source}"])
    if counted:
        which = FINAL if state == DONE else PARTIAL
        head = f"{CONFIRMATION} ({which})"
        notes[CONFIRMATION] = _text(head, counted, zone, [f"told by {outgoing.source}, {at}"])
    return notes


def _text(head: str, told: Mapping[str, Value], zone: dt.tzinfo, end: list[str]) -> str:
    lines = [
        f"{vocabulary.attribute_title(name)}: {shown(value, vocabulary.value_kind('order', name), zone)}"
        for name, value in sorted(told.items())
    ]
    return "\n".join([head, *lines, *end])
