"""The rows of frePPLe's order lists: typed as they come, and what of them makes a change."""

from typing import Any

import msgspec

from controltower.domain.event import content_id

PROPOSED = "proposed"
CLOSED = "closed"
# Facts about the plan run and not about the order: each run rewrites them though nothing changed.
_OF_THE_RUN = ("lastmodified", "criticality", "delay", "plan")


class Loading(msgspec.Struct):
    """The use of a resource."""

    resource: str


class Name(msgspec.Struct):
    """What tells a row from others: all that the poll must read of it."""

    reference: str
    status: str


class OperationPlan(msgspec.Struct):
    """A manufacturing order, or a work order when it has an owner. Times are naive local, decimals are text.

    `item`, `location`, `due`, `priority`, `revision` and what stands against the plan (`feasible`, `constraint`,
    `short_item`, `short_quantity`) are attributes that a site adds.
    """

    reference: str
    status: str
    lastmodified: str
    operation: str = ""
    quantity: str | int | float | None = None
    quantity_completed: str | int | float | None = None
    startdate: str | None = None
    enddate: str | None = None
    owner: str | None = None
    demand: str | None = None
    item: str | None = None
    location: str | None = None
    due: str | None = None
    priority: str | int | float | None = None
    revision: str | None = None
    feasible: bool | None = None
    constraint: str | None = None
    short_item: str | None = None
    short_quantity: str | int | float | None = None
    resources: list[Loading] = []


# Fields that are known and not read; others are told as a change of the interface.
KNOWN = frozenset(OperationPlan.__struct_fields__) | frozenset(
    ["batch", "criticality", "delay", "plan", "source", "materials", "forecast", "color", "remark"]
)

decode_name = msgspec.json.Decoder(Name).decode
decode_row = msgspec.json.Decoder(OperationPlan).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def fingerprint(raw: bytes) -> bytes:
    """What is the same as long as the order is: its content without the facts about the plan run."""
    held: dict[str, msgspec.Raw] = _decode_object(raw)
    parts = [part for name in sorted(held) if name not in _OF_THE_RUN for part in (name, bytes(held[name]))]
    return content_id(*parts).encode()


def unknown_fields(raw: bytes) -> list[str]:
    """The fields of a row that this connector has never heard of."""
    held: dict[str, Any] = _decode_object(raw)
    return sorted(held.keys() - KNOWN)
