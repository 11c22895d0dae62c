"""What the seeded company makes, of what, where and from whom: the simulated company's plants and items."""

from dataclasses import dataclass
from decimal import Decimal

from controltower.simulation import landscape

COMPANY = "Meridian Industries"
CURRENCY = ("Euro", "€", "EUR")
ONE = Decimal("1")
CENT = Decimal("0.01")
FIRST_ORDER = 1001
SUPPLIERS = ("Fonderie du Rhone", "Alpen Stahl", "Vedantes do Norte")
# Each finished item takes this much of each component of its plant.
PER_UNIT = (2.0, 4.0)
INSPECTED = "PUMP-9"


@dataclass(frozen=True)
class Item:
    """One item, in euro per unit. `bought` items come from suppliers, the others are made at their plant."""

    code: str
    plant: str
    cost: Decimal
    bought: bool


@dataclass(frozen=True)
class Bom:
    """What one unit of `output` takes, and the operations (number, name) that make it."""

    output: str
    plant: str
    inputs: tuple[tuple[str, float], ...]
    operations: tuple[tuple[int, str], ...]


def operation_name(machine: str) -> str:
    """The operation that a machine does: "CUT-1" -> "CUT"."""
    return machine.rpartition("-")[0]


def _item(code: str, plant: str, bought: bool) -> Item:
    chance = landscape.dice("tryton-cost", code)
    euro = chance.uniform(2, 40) if bought else chance.uniform(150, 900)
    return Item(code, plant, Decimal(f"{euro:.2f}"), bought)


def _bom(plant: landscape.Plant, output: str) -> Bom:
    operations = tuple((number, operation_name(pair[0])) for number, pair in plant.machines.items())
    return Bom(output, plant.code, tuple(zip(plant.components, PER_UNIT, strict=True)), operations)


PLANTS = tuple(landscape.PLANTS.values())
ITEMS = tuple(
    _item(code, plant.code, code in plant.components)
    for plant in PLANTS
    for code in (*plant.items, *plant.components)
)
BOMS = {code: _bom(plant, code) for plant in PLANTS for code in plant.items}
OPERATIONS = tuple(name for plant in PLANTS for name in dict.fromkeys(map(operation_name, plant.resources)))
