"""What Tryton holds of an order as a sending finds it, each part read when it is asked for."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from controltower.connectors.tryton.dialect import decode
from controltower.connectors.tryton.keyset import ids_of, rows_of
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.session import Session
from controltower.domain.subject import Subject

_ORDER = (
    "number state quantity unit.symbol product warehouse.code planned_start_date planned_date inputs outputs "
    "company _timestamp".split()
)
UNNUMBERED = "#"
COMPLETION = "production:do"


class NotThere(Exception):
    """Tryton holds no such record; the words name it."""


@dataclass(frozen=True)
class Order:
    """A production order. `stamp`: what guards a change of it against changes that we have not seen."""

    id: int
    name: str
    state: str
    quantity: Decimal
    unit: str
    product: int
    company: int
    start: dt.date | None
    finish: dt.date | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    stamp: str

    @property
    def over(self) -> bool:
        return self.state in ("done", "cancelled")


@dataclass(frozen=True)
class Work:
    """An operation of an order."""

    id: int
    state: str
    stamp: str


@dataclass(frozen=True)
class Output:
    """A planned or done receipt of an order."""

    id: int
    product: int
    quantity: Decimal
    unit: str


@dataclass(frozen=True)
class Inspection:
    """An inspection of an order."""

    id: int
    control: int
    state: str
    stamp: str


@dataclass(frozen=True)
class Control:
    """A rule that an order must be inspected before it is completed; the types of its points by their names."""

    id: int
    points: Mapping[str, str]


@dataclass(frozen=True)
class Note:
    """A note at an order."""

    id: int
    message: str


class Books:
    """Reads one Tryton. Raises Refusal, NotDone and SourceUnavailable like the session."""

    def __init__(self, session: Session, places: Places) -> None:
        self._session, self._places = session, places

    def order(self, subject: Subject) -> Order:
        """The order of a plant by its number, or by its id where the subject reads `#12`. Raises NotThere."""
        key = subject.key
        by_id = key.startswith(UNNUMBERED) and key[1:].isdigit()
        wanted = ["id", "=", int(key[1:])] if by_id else ["number", "=", key]
        rows = rows_of(self._session, "production", [wanted], _ORDER)
        found = [row for row in rows if self._places.plant(row["warehouse."]["code"] or "") == subject.plant]
        if not found:
            raise NotThere(f"Tryton has no production order {key} at {subject.plant}")
        return self._order(found[0], key)

    def _order(self, row: dict[str, Any], key: str) -> Order:
        return Order(
            row["id"],
            row["number"] or key,
            row["state"],
            _number(row["quantity"]),
            self._unit(row),
            row["product"],
            row["company"],
            decode(row["planned_start_date"]),
            decode(row["planned_date"]),
            tuple(row["inputs"]),
            tuple(row["outputs"]),
            row["_timestamp"],
        )

    def works(self, order: Order) -> list[Work]:
        """Its operations in their sequence."""
        rows = rows_of(
            self._session, "production.work", [["production", "=", order.id]], ["state", "_timestamp"]
        )
        return [Work(row["id"], row["state"], row["_timestamp"]) for row in rows]

    def planned_cycles(self, works: list[int]) -> list[int]:
        """The cycles of some operations that were planned there and are not begun."""
        domain = [["work", "in", works], ["state", "=", "draft"]]
        return ids_of(self._session, "production.work.cycle", domain) if works else []

    def outputs(self, order: Order) -> list[Output]:
        """The receipts of what it makes itself; by-products are none of the tower's business."""
        domain = [
            ["production_output", "=", order.id],
            ["product", "=", order.product],
            ["state", "!=", "cancelled"],
        ]
        rows = rows_of(self._session, "stock.move", domain, ["product", "quantity", "unit.symbol"])
        return [Output(row["id"], row["product"], _number(row["quantity"]), self._unit(row)) for row in rows]

    def moves(self, order: Order) -> dict[int, Decimal]:
        """The planned moves of an order, in and out, by id."""
        domain = [["id", "in", [*order.inputs, *order.outputs]], ["state", "in", ["draft", "staging"]]]
        rows = rows_of(self._session, "stock.move", domain, ["quantity"])
        return {row["id"]: _number(row["quantity"]) for row in rows}

    def inspections(self, order: Order) -> list[Inspection]:
        """Its inspections."""
        domain = [["origin", "=", f"production,{order.id}"]]
        rows = rows_of(self._session, "quality.inspection", domain, ["control", "state", "_timestamp"])
        return [Inspection(row["id"], row["control"], row["state"], row["_timestamp"]) for row in rows]

    def controls(self, order: Order) -> list[Control]:
        """The controls that Tryton applies to the completion of an order."""
        [product] = rows_of(self._session, "product.product", [["id", "=", order.product]], ["template"])
        [template] = rows_of(
            self._session, "product.template", [["id", "=", product["template"]]], ["categories_all"]
        )
        of_category: list[Any] = ["OR", ["product_category", "=", None]]
        if template["categories_all"]:
            of_category.append(["product_category", "parent_of", template["categories_all"], "parent"])
        domain = [
            ["operations", "in", COMPLETION],
            ["OR", ["company", "=", None], ["company", "=", order.company]],
            ["OR", ["product", "=", None], ["product", "=", order.product]],
            of_category,
        ]
        rows = rows_of(self._session, "quality.control", domain, ["points"])
        points = [id for row in rows for id in row["points"]]
        named = rows_of(
            self._session, "quality.control.point", [["id", "in", points]], ["name", "type_", "control"]
        )
        return [
            Control(
                row["id"], {each["name"]: each["type_"] for each in named if each["control"] == row["id"]}
            )
            for row in rows
        ]

    def note(self, order: Order, heading: str) -> Note | None:
        """The order's note that begins with a heading."""
        domain = [["resource", "=", f"production,{order.id}"], ["message", "like", f"{heading}%"]]
        rows = rows_of(self._session, "ir.note", domain, ["message"])
        return Note(rows[0]["id"], rows[0]["message"]) if rows else None

    def _unit(self, row: dict[str, Any]) -> str:
        unit = row.get("unit.") or {}
        return self._places.unit(unit.get("symbol") or "")


def _number(found: Any) -> Decimal:
    """A quantity; Tryton counts in binary floats."""
    return Decimal(repr(found)) if isinstance(found, float | int) else Decimal(0)
