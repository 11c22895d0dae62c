"""What an exception costs, as far as the ledger knows: the orders concerned, how many pieces, for when, worth what."""

import decimal
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from controltower.domain.belief import Belief
from controltower.domain.delivery import DEAD, OPEN
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject, order_of, order_subject, parse_subject
from controltower.domain.value import read_decimal, read_time, write_decimal, write_time
from controltower.domain.vocabulary import MONEY, QUANTITY, TIME, value_kind
from controltower.pipeline.tower import Tower
from controltower.rules.sending import DEAD_LETTERS, LATE
from controltower.store import belief, outbox

MOST_ORDERS = 20
# What tells how grave it is, of an order or of a thing that belongs to none.
TOLD = frozenset(
    "quantity value due_date promise_date customer item need_date promised_date on_hand supplier order".split()
)
_AT_ONCE = 500


def impacts(connection: Connection, tower: Tower, cases: Sequence[Case]) -> dict[str, Mapping[str, Any]]:
    """Exception id -> its impact: {"orders": [...], "count", "quantity", "value", "promise_date", ...}, out of what
    the owners hold. {} where nothing is known to hang on it."""
    concerned = {each.id: _subjects(connection, each) for each in cases}
    wanted = {subject for found in concerned.values() for subject in found}
    held = _held(connection, tower.landscape, wanted)
    kin = {subject: order_subject(subject.plant, held[subject]["order"].value.text)
           for subject in wanted if order_of(subject) is None and "order" in held.get(subject, {})}  # fmt: skip
    held |= _held(connection, tower.landscape, set(kin.values()) - held.keys())
    return {
        id: merged([_of(kin.get(one, one), held.get(kin.get(one, one), {})) for one in found])
        for id, found in concerned.items()
    }


def _subjects(connection: Connection, each: Case) -> list[Subject]:
    """What an exception is about, orders in place of their operations."""
    if each.subject is not None:
        return [_root(each.subject)]
    found = {parse_subject(proof["subject"]) for proof in each.evidence if proof.get("subject")}
    if each.rule == DEAD_LETTERS:
        dead = outbox.listing(connection, states=(DEAD,), group=each.key, limit=_AT_ONCE)
        found |= {one.subject for one in dead}
    elif each.rule == LATE:
        route, _, target = each.key.partition(" ")
        waiting = outbox.listing(connection, states=OPEN, target=target, route=route, limit=_AT_ONCE)
        found |= {one.subject for one in waiting}
    return sorted({_root(subject) for subject in found})


def _root(subject: Subject) -> Subject:
    order = order_of(subject)
    return order_subject(subject.plant, order) if order else subject


def _held(
    connection: Connection, landscape: Landscape, subjects: Iterable[Subject]
) -> dict[Subject, dict[str, Belief]]:
    """Of each subject the attributes that tell an impact: the owner's word, else anybody's."""
    found: dict[Subject, dict[str, Belief]] = {}
    for subject, each in belief.of_attributes(connection, dict.fromkeys(subjects, TOLD)):
        mine = found.setdefault(subject, {})
        if each.attribute not in mine or each.system == _owner(landscape, subject, each.attribute):
            mine[each.attribute] = each
    return found


def _owner(landscape: Landscape, subject: Subject, attribute: str) -> str:
    ownership = landscape.ownership(subject.kind, attribute)
    owner = landscape.owner_system(subject.plant, ownership) if ownership else None
    return owner.id if owner else ""


def _of(subject: Subject, held: Mapping[str, Belief]) -> dict[str, Any]:
    """The impact of something that is wrong with one subject."""
    told: dict[str, Any] = {"orders": [subject.key], "count": 1} if subject.kind == "order" else {}
    for attribute, each in sorted(held.items()):
        text, unit = each.value.text, each.value.unit
        if text and attribute != "order":
            told[attribute] = f"{text} {unit}".strip()
    return told


def merged(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several impacts as one: quantities and values of one unit added up, of dates the earliest; no order twice."""
    fresh: list[Mapping[str, Any]] = []
    orders: dict[str, None] = {}
    for part in parts:
        mine = part.get("orders", ())
        if not mine or any(order not in orders for order in mine):
            fresh.append(part)
        orders |= dict.fromkeys(mine)
    names = sorted({name for part in fresh for name in part} - {"orders", "count"})
    counted = max(len(orders), sum(int(part.get("count", 0)) for part in fresh)) if orders else 0
    told: dict[str, Any] = {"orders": list(orders)[:MOST_ORDERS], "count": counted} if orders else {}
    for name in names:
        words = _together(name, [str(part[name]) for part in fresh if part.get(name)])
        if words:
            told[name] = words
    return told


def _together(name: str, texts: Sequence[str]) -> str:
    """Several values of one attribute; "" where they cannot be one."""
    kind = next(
        (found for about in ("order", "purchase", "stock") if (found := value_kind(about, name)) != "text"),
        "",
    )
    try:
        if kind == TIME:
            return write_time(min(read_time(text) for text in texts))
        if kind in (QUANTITY, MONEY):
            return _sum(texts)
    except ValueError:
        return ""
    return texts[0] if len(set(texts)) == 1 else ""


def _sum(texts: Iterable[str]) -> str:
    totals: dict[str, decimal.Decimal] = {}
    for text in texts:
        number, _, unit = text.partition(" ")
        totals[unit] = totals.get(unit, decimal.Decimal()) + read_decimal(number)
    return ", ".join(f"{write_decimal(total)} {unit}".strip() for unit, total in totals.items())
