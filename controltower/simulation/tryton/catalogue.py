"""What the seeded company makes, of what, where and from whom: plain data, the same each time."""

from dataclasses import dataclass
from decimal import Decimal

COMPANY = "Meridian Pumps"
CURRENCY = ("Euro", "€", "EUR")
ONE = Decimal("1")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Plant:
    """One plant: a Tryton warehouse whose code is the plant's own."""

    code: str
    zone: str


@dataclass(frozen=True)
class Item:
    """One item; the cost in euro per unit. `bought` items come from suppliers, the others are made."""

    code: str
    name: str
    unit: str
    cost: Decimal
    bought: bool = True


@dataclass(frozen=True)
class Bom:
    """What one unit of `output` takes and the operations that make it, in order."""

    output: str
    inputs: tuple[tuple[str, float], ...]
    operations: tuple[str, ...]


PLANTS = (Plant("LYON", "Europe/Paris"), Plant("GRAZ", "Europe/Vienna"), Plant("PORTO", "Europe/Lisbon"))

ITEMS = (
    Item("PUMP-7", "Centrifugal pump 7", "u", Decimal("412.50"), bought=False),
    Item("PUMP-9", "Centrifugal pump 9", "u", Decimal("655.00"), bought=False),
    Item("VALVE-3", "Check valve 3", "u", Decimal("88.20"), bought=False),
    Item("MOTOR-2", "Motor 2 kW", "u", Decimal("140.00")),
    Item("MOTOR-5", "Motor 5 kW", "u", Decimal("236.00")),
    Item("CAST-7", "Housing casting 7", "u", Decimal("61.40")),
    Item("CAST-9", "Housing casting 9", "u", Decimal("93.10")),
    Item("SEAL-1", "Shaft seal", "u", Decimal("7.95")),
    Item("STEEL-304", "Stainless steel 304", "kg", Decimal("4.10")),
)

BOMS = (
    Bom("PUMP-7", (("MOTOR-2", 1.0), ("CAST-7", 1.0), ("SEAL-1", 2.0)), ("Machining", "Assembly", "Test")),
    Bom("PUMP-9", (("MOTOR-5", 1.0), ("CAST-9", 1.0), ("SEAL-1", 2.0)), ("Machining", "Assembly", "Test")),
    Bom("VALVE-3", (("STEEL-304", 3.2), ("SEAL-1", 1.0)), ("Machining", "Assembly")),
)

OPERATIONS = ("Machining", "Assembly", "Test")
SUPPLIERS = ("Fonderie du Rhone", "Alpen Motoren", "Vedantes do Norte")


def work_center(plant: str, operation: str) -> str:
    """The name of the one work centre that does `operation` at `plant`, such as "LYON-MACHINING"."""
    return f"{plant}-{operation.upper()}"
