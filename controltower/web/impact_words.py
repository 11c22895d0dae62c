"""What an exception costs, in words: short for a row, line by line for its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from controltower.domain.value import Value
from controltower.domain.vocabulary import MONEY, QUANTITY, TIME, value_kind
from controltower.web.format import count, label, value

# In the order in which one asks.
FIRST = ("quantity", "value", "promise_date", "due_date", "need_date", "customer", "item")


def short(impact: Mapping[str, Any], order: str) -> str:
    """`12 orders, 240 EA, 2469 EUR`; the one order that a row names already is not named again."""
    orders = int(impact.get("count", 0))
    parts = [count(orders, "order")] if orders > 1 or (orders and not order) else []
    parts += [str(impact[name]) for name in ("quantity", "value") if impact.get(name)]
    return ", ".join(parts)


def rows(impact: Mapping[str, Any], plant: str | None) -> Iterator[tuple[str, Markup | str]]:
    """Attribute by attribute, as people read them."""
    names = [name for name in FIRST if impact.get(name)]
    names += sorted(name for name in impact if name not in (*FIRST, "orders", "count"))
    for name in names:
        yield _title(name, int(impact.get("count", 0))), _said(name, str(impact[name]), plant)


def _title(name: str, orders: int) -> str:
    if orders < 2 or not _kind(name):
        return label(name)
    return f"Earliest {label(name).lower()}" if _kind(name) == TIME else f"{label(name)} in all"


def _said(name: str, text: str, plant: str | None) -> Markup | str:
    kind = _kind(name)
    if kind == TIME:
        return value(Value(text), TIME, plant)
    if kind in (QUANTITY, MONEY) and "," not in text:
        number, _, unit = text.partition(" ")
        return value(Value(number, unit), kind, plant)
    return text


def _kind(name: str) -> str:
    kinds = {value_kind(about, name) for about in ("order", "purchase", "stock")}
    return next((kind for kind in (TIME, QUANTITY, MONEY) if kind in kinds), "")
