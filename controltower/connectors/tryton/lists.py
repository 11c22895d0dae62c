"""The lists that are polled record by record: what each reads, and what a change elsewhere means for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

ORIGIN_LINE = "purchase.line,"


@dataclass(frozen=True)
class Trigger:
    """A model whose changes change our records: the values of its `field` are looked up in our field `target`."""

    model: str
    field: str
    target: str
    domain: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Part:
    """Rows of another model that belong to a record, found by `link`, the field that points to it."""

    name: str
    model: str
    link: str
    fields: tuple[str, ...]
    domain: tuple[Any, ...] = ()
    prefix: str = ""  # what stands before the id where the link is a reference, such as "purchase.line,"


@dataclass(frozen=True)
class RecordList:
    """One polled list. `number` and `warehouse` are the paths by which its records are told apart; "" for none.

    The first trigger is the model itself.
    """

    name: str
    fields: tuple[str, ...]
    triggers: tuple[Trigger, ...]
    parts: tuple[Part, ...] = ()
    number: str = ""
    warehouse: str = ""
    domain: tuple[Any, ...] = ()

    @property
    def models(self) -> set[str]:
        """Every model that it needs."""
        return {self.name, *(part.model for part in self.parts), *(each.model for each in self.triggers)}


PRODUCTION = RecordList(
    name="production",
    fields=tuple(
        "last_modified_at number reference state quantity unit.symbol product.code planned_start_date planned_date "
        "effective_start_date effective_date warehouse.code bom.rec_name routing.rec_name cost "
        "company.currency.code".split()
    ),
    triggers=(
        Trigger("production", "id", "id"),
        Trigger("stock.move", "production_output", "id", (["production_output", "!=", None],)),
    ),
    parts=(
        Part(
            "outputs",
            "stock.move",
            "production_output",
            ("last_modified_at", "product.code", "quantity", "unit.symbol"),
            (["state", "=", "done"],),
        ),
    ),
    number="number",
    warehouse="warehouse",
)

WORK = RecordList(
    name="production.work",
    fields=tuple(
        "last_modified_at sequence state operation.name work_center.name production.number "
        "production.warehouse.code".split()
    ),
    triggers=(
        Trigger("production.work", "id", "id"),
        Trigger("production.work.cycle", "work", "id"),
    ),
    parts=(Part("cycles", "production.work.cycle", "work", ("last_modified_at", "create_date", "state")),),
    number="production.number",
    warehouse="production.warehouse",
)

PURCHASE_LINE = RecordList(
    name="purchase.line",
    fields=tuple(
        "last_modified_at product.code quantity unit.symbol delivery_date purchase.number purchase.state "
        "purchase.shipment_state purchase.warehouse.code purchase.party.name purchase.last_modified_at".split()
    ),
    triggers=(
        Trigger("purchase.line", "id", "id"),
        Trigger("purchase.purchase", "id", "purchase"),
        Trigger("stock.move", "origin", "id", (["origin", "like", f"{ORIGIN_LINE}%"],)),
    ),
    parts=(
        Part(
            "receipts",
            "stock.move",
            "origin",
            ("last_modified_at", "quantity", "unit.symbol"),
            (["state", "=", "done"],),
            prefix=ORIGIN_LINE,
        ),
    ),
    number="purchase.number",
    warehouse="purchase.warehouse",
    domain=(["type", "=", "line"], ["product", "!=", None]),
)

INSPECTION = RecordList(
    name="quality.inspection",
    fields=tuple("last_modified_at number state origin control.name processed_at".split()),
    triggers=(Trigger("quality.inspection", "id", "id"),),
)

LISTS: Sequence[RecordList] = (PRODUCTION, WORK, PURCHASE_LINE, INSPECTION)


def numbered(records: RecordList) -> RecordList:
    """The same list without the records that have no number yet, as nobody else can know them."""
    return replace(records, domain=(*records.domain, [records.number, "!=", None]))
