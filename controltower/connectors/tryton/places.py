"""Which plant a Tryton warehouse is, in which zone its dates are meant, and what its units are called."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from controltower.connectors.tryton.keyset import rows_of
from controltower.connectors.tryton.session import Session
from controltower.domain.landscape import System

# Tryton's own symbols of what plants count in.
UNITS = {"u": "EA", "unit": "EA"}


class Places:
    """The system's settings `warehouses`, `zones` and `units`, each a table or text such as "WH1=LYON, WH2=GRAZ"."""

    def __init__(self, system: System) -> None:
        """Raises ValueError that names the setting which is wrong."""
        self.system = system
        self._plants = read_pairs(system, "warehouses")
        self._units = {**UNITS, **read_pairs(system, "units")}
        self._zones = {plant: _zone(name) for plant, name in read_pairs(system, "zones").items()}

    def plant(self, code: str) -> str | None:
        """The plant of a warehouse code; None when it is none of this system's."""
        plant = self._plants.get(code, code)
        return plant if self.system.serves(plant) else None

    def zone(self, plant: str) -> ZoneInfo:
        """The zone in which a plant's dates are meant."""
        return self._zones.get(plant, self.system.zone)

    def unit(self, symbol: str) -> str:
        """The canonical unit of a Tryton unit symbol; one that is not listed keeps its symbol."""
        return self._units.get(symbol, symbol)

    def warehouses(self, session: Session) -> dict[str, int]:
        """Code -> id of the warehouses that are plants of this system."""
        rows = rows_of(session, "stock.location", [["type", "=", "warehouse"]], ["code"])
        return {row["code"]: row["id"] for row in rows if row["code"] and self.plant(row["code"])}


def read_pairs(system: System, setting: str) -> dict[str, str]:
    """A setting that names one thing for another: a table, or text such as "WH1=LYON, WH2=GRAZ"."""
    given = system.settings.get(setting) or {}
    if isinstance(given, Mapping):
        return {str(name): str(value) for name, value in given.items()}
    pairs = [pair.partition("=") for pair in str(given).split(",") if pair.strip()]
    if any(not (name.strip() and value.strip()) for name, _, value in pairs):
        raise ValueError(f"setting {setting} of {system.id} must read NAME=VALUE, NAME=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone") from None
