"""Built-in checks of a flow's step: is what the owner says about a subject fit for the next step?"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from controltower.domain.subject import Subject
from controltower.domain.value import read_time
from controltower.domain.vocabulary import TIME, attribute_title, value_kind


class Said(NamedTuple):
    """What the owner last said of one attribute, and since when (canonical text of the moment)."""

    value: str
    since: str


Held = Mapping[str, Said]
Judge = Callable[[Subject, Sequence[str], Held, bool], list[str]]


def order_complete(subject: Subject, needs: Sequence[str], held: Held, plant_known: bool) -> list[str]:
    """What an order lacks before it may be planned: words for people, none when nothing does.

    A date must lie in the future of the moment at which it was said: one that passes later is no lack of the order.
    """
    faults = [] if plant_known else [f"the plant {subject.plant} is unknown"]
    for name in needs:
        said = held.get(name)
        if said is None or not said.value:
            faults.append(f"no {attribute_title(name)}")
        elif not is_good(subject.kind, name, said):
            faults.append(f"the {attribute_title(name)} lies in the past")
    return faults


def is_good(kind: str, attribute: str, said: Said) -> bool:
    """Whether one value by itself is fit: it is there, and a date lay ahead when it was said."""
    if not said.value or value_kind(kind, attribute) != TIME:
        return bool(said.value)
    try:
        return read_time(said.value) > read_time(said.since)
    except ValueError:
        return False


CHECKS: Mapping[str, Judge] = {"order-complete": order_complete}
# What a check asks for where the flow does not say.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "order-complete": ("item", "quantity", "due_date", "bom_version", "routing_version")
}
