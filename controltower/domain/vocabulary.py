"""The closed list of what systems can speak about: roles, subject kinds, attributes, happenings and statuses."""

from collections.abc import Iterable

ROLES = frozenset(
    "erp aps mes wms procurement quality supplier shopfloor workforce analytics middleware".split()
)

# What an attribute's value is, which decides how it is read, compared and shown.
STATUS, TEXT, QUANTITY, TIME, MONEY, INTEGER, FLAG = "status text quantity time money integer flag".split()

ATTRIBUTES: dict[str, dict[str, str]] = {
    "order": {
        "status": STATUS,
        "item": TEXT,
        "quantity": QUANTITY,
        "due_date": TIME,
        "promise_date": TIME,
        "priority": INTEGER,
        "planned_start": TIME,
        "planned_end": TIME,
        "actual_start": TIME,
        "actual_end": TIME,
        "quantity_good": QUANTITY,
        "quantity_scrap": QUANTITY,
        "bom_version": TEXT,
        "routing_version": TEXT,
        "routing_confirmed": FLAG,
        "material_available": FLAG,
        "customer": TEXT,
        # The customer's own number of what was ordered; the order from which this one was split off.
        "reference": TEXT,
        "parent": TEXT,
        "value": MONEY,
        # What the scheduler says of its plan: whether it keeps the due date, else what stands against it (material,
        # capacity), and which component lacks how much.
        "feasible": FLAG,
        "constraint": TEXT,
        "short_item": TEXT,
        "short_quantity": QUANTITY,
    },
    "operation": {
        "status": STATUS,
        "resource": TEXT,
        "planned_start": TIME,
        "planned_end": TIME,
        "actual_start": TIME,
        "actual_end": TIME,
        "quantity_good": QUANTITY,
        "quantity_scrap": QUANTITY,
        "routing_confirmed": FLAG,
    },
    "stock": {"on_hand": QUANTITY, "reserved": QUANTITY, "blocked": QUANTITY},
    "purchase": {
        "status": STATUS,
        "item": TEXT,
        "quantity": QUANTITY,
        "need_date": TIME,
        "promised_date": TIME,
        "quantity_received": QUANTITY,
        "supplier": TEXT,
    },
    "inspection": {"status": STATUS, "result": TEXT, "order": TEXT, "lot": TEXT},
    "shipment": {
        "status": STATUS,
        "order": TEXT,
        "item": TEXT,
        "quantity": QUANTITY,
        "shipped_at": TIME,
        # The source's own key of its row, where another one means that the row was made anew.
        "record": TEXT,
    },
    "resource": {"state": TEXT, "reason": TEXT, "count": INTEGER},
    "shift": {"state": TEXT, "headcount": INTEGER},
    "schedule": {"revision": TEXT, "orders": TEXT, "published_at": TIME, "status": STATUS},
}

KINDS = frozenset(ATTRIBUTES)

HAPPENINGS = frozenset(
    "created changed released scheduled rescheduled published acknowledged rejected started reported paused resumed "
    "completed closed cancelled deleted posted reversed counted moved received confirmed short failed passed held "
    "freed down up ended staged shipped ready planned snapshot".split()
)

# In the order in which an order lives; `unknown` stands for a native status that nobody has mapped yet.
ORDER_STATUSES = "proposed draft firm released ready running held completed closed cancelled".split()

STATUSES: dict[str, frozenset[str]] = {
    "order": frozenset([*ORDER_STATUSES, "unknown"]),
    "operation": frozenset([*ORDER_STATUSES, "unknown"]),
    "purchase": frozenset("draft sent confirmed partly_received received closed cancelled unknown".split()),
    "inspection": frozenset("open passed failed closed cancelled unknown".split()),
    "shipment": frozenset("planned picked shipped delivered cancelled unknown".split()),
    "schedule": frozenset("draft published superseded unknown".split()),
}

ATTRIBUTE_TITLES = {
    "quantity_good": "good quantity",
    "quantity_scrap": "scrap quantity",
    "bom_version": "bill of material",
    "routing_version": "routing",
    "routing_confirmed": "routing confirmed",
    "on_hand": "stock on hand",
    "short_item": "short component",
    "record": "record id",
}


def attribute_title(attribute: str) -> str:
    """The words that a person reads for an attribute: `due_date` -> "due date"."""
    return ATTRIBUTE_TITLES.get(attribute, attribute.replace("_", " "))


def value_kind(kind: str, attribute: str) -> str:
    """What the values of an attribute are; text for one that the vocabulary does not know."""
    return ATTRIBUTES.get(kind, {}).get(attribute, TEXT)


def furthest(statuses: Iterable[str]) -> str:
    """The status that lies furthest in an order's life; unknown ones count least. Raises ValueError for none."""
    return max(statuses, key=lambda status: ORDER_STATUSES.index(status) if status in ORDER_STATUSES else -1)


def known_type(event_type: str) -> bool:
    """True when an event type is `<kind>.<happening>` out of the vocabulary."""
    kind, _, happening = event_type.partition(".")
    return kind in KINDS and happening in HAPPENINGS
