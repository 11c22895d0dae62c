"""The simulated company: its plants, what they make on which machines, and the thirteen systems they run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

STORE = "WH1"
OPERATIONS = (10, 20, 30)


@dataclass(frozen=True, slots=True)
class Plant:
    """One plant; `machines` gives the two machines of each operation number."""

    code: str
    zone: str
    items: tuple[str, ...]
    components: tuple[str, ...]
    machines: dict[int, tuple[str, str]]

    @property
    def resources(self) -> list[str]:
        """All machine names, in operation order."""
        return [name for pair in self.machines.values() for name in pair]


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """One installation: `mode` is how it speaks, `hooks` whether it sends webhooks to the tower."""

    id: str
    role: str
    plants: tuple[str, ...]
    mode: str
    hooks: bool


def _machines(*words: str) -> dict[int, tuple[str, str]]:
    return {number: (f"{word}-1", f"{word}-2") for number, word in zip(OPERATIONS, words, strict=True)}


PLANTS: dict[str, Plant] = {
    "LYON": Plant(
        "LYON",
        "Europe/Paris",
        ("PUMP-7", "PUMP-9", "VALVE-3"),
        ("CAST-10", "BOLT-M8"),
        _machines("CUT", "ASM", "TST"),
    ),
    "GRAZ": Plant(
        "GRAZ",
        "Europe/Vienna",
        ("GEAR-2", "GEAR-5", "SHAFT-4"),
        ("BAR-42", "BRG-62"),
        _machines("MIL", "GRD", "INS"),
    ),
    "PORTO": Plant(
        "PORTO",
        "Europe/Lisbon",
        ("SEAL-1", "HOSE-6", "CLAMP-8"),
        ("RUB-70", "STL-15"),
        _machines("MLD", "CRM", "PAK"),
    ),
}
ALL = tuple(PLANTS)
# Month and day on which all plants are shut.
SHUT = frozenset({(12, 25), (1, 1)})


def is_shut(plant: str, moment: float) -> bool:
    """Whether a plant is shut at a moment (unix seconds), by its own clock."""
    local = datetime.fromtimestamp(moment, ZoneInfo(PLANTS[plant].zone))
    return (local.month, local.day) in SHUT


def opens_at(plant: str, moment: float) -> float:
    """The moment, or midnight after the shut day on which it lies, as unix seconds."""
    if not is_shut(plant, moment):
        return moment
    local = datetime.fromtimestamp(moment, ZoneInfo(PLANTS[plant].zone))
    return datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo).timestamp()


def next_shut_noon(plant: str, moment: float) -> float:
    """Noon of the next day on which a plant is shut, as unix seconds."""
    day = datetime.fromtimestamp(moment, ZoneInfo(PLANTS[plant].zone)).replace(hour=12, minute=0, second=0)
    while (day.month, day.day) not in SHUT or day.timestamp() <= moment:
        day += timedelta(days=1)
    return day.timestamp()


SPECS: tuple[SystemSpec, ...] = (
    SystemSpec("erp-hq", "erp", ALL, "native", True),
    SystemSpec("aps-hq", "aps", ALL, "frepple", False),
    SystemSpec("mes-lyon", "mes", ("LYON",), "structured", True),
    SystemSpec("mes-graz", "mes", ("GRAZ",), "binary", True),
    SystemSpec("mes-porto", "mes", ("PORTO",), "batch", True),
    SystemSpec("floor-lyon", "shopfloor", ("LYON",), "batch", True),
    SystemSpec("floor-graz", "shopfloor", ("GRAZ",), "batch", True),
    SystemSpec("floor-porto", "shopfloor", ("PORTO",), "batch", True),
    SystemSpec("wms-north", "wms", ("LYON", "GRAZ"), "inventree", False),
    SystemSpec("wms-south", "wms", ("PORTO",), "native", True),
    SystemSpec("procurement", "procurement", ALL, "cursor", False),
    SystemSpec("quality", "quality", ALL, "structured", True),
    SystemSpec("workforce", "workforce", ALL, "batch", True),
)


def ports(port_base: int) -> dict[str, int]:
    """System id to port, in the fixed order of the landscape; 0 stays 0 (the machine then picks a free port)."""
    return {spec.id: port_base + n if port_base else 0 for n, spec in enumerate(SPECS, start=1)}


# The system that answers over TLS too, by a certificate of its own.
SECURED = "quality"


def secured_port(port_base: int) -> int:
    """Where it does, behind all others."""
    return port_base + len(SPECS) + 1 if port_base else 0


def system_for(role: str, plant: str) -> str:
    """The id of the system that plays `role` in `plant`. Raises KeyError when nobody does."""
    for spec in SPECS:
        if spec.role == role and plant in spec.plants:
            return spec.id
    raise KeyError(f"no {role} in {plant}")


def dice(*parts: object) -> Random:
    """Chance that depends only on what it is for, so that thread order never changes a seeded life."""
    return Random(":".join(str(part) for part in parts))
