"""What a person may change of a message before it is sent again, and what the change comes to."""

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controltower.domain import value as values
from controltower.domain import vocabulary
from controltower.domain.delivery import Delivery
from controltower.domain.route import Route
from controltower.domain.value import Value
from controltower.domain.vocabulary import ATTRIBUTES, attribute_title, value_kind

# Where an order stands is for the systems to say: a changed status would start or stop work that nobody ordered.
LOCKED = frozenset({"status"})

Fault = tuple[str, str]  # JSON pointer, and what is wrong there


class Change(NamedTuple):
    """One attribute that differs between two messages; None where one of them does not carry it."""

    attribute: str
    old: Value | None
    new: Value | None


def changes(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[Change]:
    """What differs between two contents, by attribute."""
    return [
        Change(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if _bare(old.get(name)) != _bare(new.get(name))
    ]


def locked(each: Delivery, route: Route | None) -> frozenset[str]:
    """The carried attributes that nobody may edit: those of the route, what it sets itself, and the status."""
    own = frozenset({*route.locked, *route.fixed}) if route else frozenset()
    return (own | LOCKED) & frozenset(each.attributes)


def edited(
    each: Delivery, route: Route | None, wanted: Mapping[str, Value], zone: datetime.tzinfo
) -> tuple[dict[str, Value], list[Fault]]:
    """The content with what is `wanted` changed in it, in canonical form, and what is wrong with the wish.

    What is not named stays. A time without a zone is one of `zone`."""
    made, faults = dict(each.attributes), []
    for name, value in wanted.items():
        if _bare(made.get(name)) == _bare(value):
            continue
        fault = _forbidden(each, route, name)
        if not fault:
            try:
                made[name] = canonical(each.subject.kind, name, value, zone)
            except ValueError as error:
                fault = str(error)
        if fault:
            faults.append((f"/attributes/{_escaped(name)}", fault))
    return made, faults


def canonical(kind: str, name: str, value: Value, zone: datetime.tzinfo) -> Value:
    """A typed value in canonical form. Raises ValueError with what is wrong with it."""
    what, text, unit = value_kind(kind, name), value.text.strip(), value.unit.strip()
    if what == vocabulary.TIME:
        return Value(values.time_value(text, zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")).text)
    if what in (vocabulary.QUANTITY, vocabulary.MONEY):
        return values.quantity_value(text, unit)
    if what == vocabulary.INTEGER:
        return Value(str(_whole(text)))
    if what == vocabulary.FLAG:
        return values.flag_value(text)
    if not text:
        raise ValueError("must not be empty")
    return Value(text, unit)


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("must be a whole number")
    return int(text)


def _forbidden(each: Delivery, route: Route | None, name: str) -> str:
    if name not in ATTRIBUTES.get(each.subject.kind, {}):
        return f"is no attribute of a {each.subject.kind}"
    if name in LOCKED or (route is not None and name in (*route.locked, *route.fixed)):
        return f"{attribute_title(name)} is locked"
    carried: Sequence[str] = route.take if route else tuple(each.attributes)
    return "" if name in carried else f"{each.route} does not carry it"


def _bare(value: Value | None) -> tuple[str, str] | None:
    return None if value is None else (value.text, value.unit)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
