"""Which subject a Tryton record is about: its plant by the warehouse, its key by the number.

Tryton numbers an order only when it leaves the draft. Before that nobody else can know it: its key is `#<id>`. When
the number comes, the record is told under its number, and the poll reports the former subject as gone.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.row import Row, Wrong, need
from controltower.domain.subject import Subject

WAREHOUSE, PRODUCTION, PURCHASE = "warehouse.", "production.", "purchase."


class Identity(NamedTuple):
    """`number` is None while Tryton has given none; `code` is the warehouse's, None where the record names none."""

    kind: str
    key: str
    number: str | None
    code: str | None
    place: Row

    def subject(self, places: Places) -> Subject:
        """The subject; raises Wrong when the warehouse is no plant of this system."""
        plants = places.system.plants
        if self.code is None and len(plants) == 1:
            return Subject(plants[0], f"{self.kind}/{self.key}")
        plant = places.plant(self.code) if self.code else None
        if plant is None:
            message = (
                f"warehouse {self.code or 'none'!r} is no plant of {places.system.id}: see setting warehouses"
            )
            raise Wrong(self.place.place, message)
        return Subject(plant, f"{self.kind}/{self.key}")


def _order(body: Row) -> Identity:
    record = _record(body)
    key, number = _key(record, "number")
    return Identity("order", key, number, _code(record), record)


def _operation(body: Row) -> Identity:
    record = _record(body)
    order = need(record, PRODUCTION, record.part(PRODUCTION))
    key, number = _key(order, "number")
    sequence = record.whole("sequence")
    step = f"#{need(record, 'id', record.whole('id'))}" if sequence is None else str(sequence)
    return Identity("operation", f"{key}/{step}", number, _code(order), order)


def _purchase(body: Row) -> Identity:
    record = _record(body)
    purchase = need(record, PURCHASE, record.part(PURCHASE))
    key, number = _key(purchase, "number")
    line = need(record, "id", record.whole("id"))
    return Identity("purchase", f"{key}/{line}", number, _code(purchase), purchase)


def _inspection(body: Row) -> Identity:
    record, order = _record(body), body.part("order")
    key, number = _key(record, "number")
    return Identity("inspection", key, number, _code(order) if order else None, order or record)


def _stock(body: Row) -> Identity:
    warehouse = need(body, "warehouse", body.part("warehouse"))
    product = need(body, "product", body.part("product"))
    item = need(product, "code", product.text("code"))
    code = need(warehouse, "code", warehouse.text("code"))
    store = warehouse.part("storage_location.")
    place = (store.text("code") if store else None) or code
    return Identity("stock", f"{item}/{place}", item, code, warehouse)


IDENTITIES: Mapping[str, Callable[[Row], Identity]] = {
    "production": _order,
    "production.work": _operation,
    "purchase.line": _purchase,
    "quality.inspection": _inspection,
    "stock": _stock,
}


def _record(body: Row) -> Row:
    record: Row = need(body, "record", body.part("record"))
    return record


def _key(row: Row, name: str) -> tuple[str, str | None]:
    number = row.text(name)
    return number or f"#{need(row, 'id', row.whole('id'))}", number


def _code(row: Row) -> str | None:
    warehouse = row.part(WAREHOUSE)
    return (warehouse.text("code") or "") if warehouse else ""
