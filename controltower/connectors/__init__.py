"""One folder per product, found by its folder; each holds everything about that product and nothing else."""

import importlib
import pkgutil

from controltower.connectors.contract import Connector, Manifest
from controltower.domain.landscape import System


def names() -> list[str]:
    """The products there are: the folders of this room."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def manifest(name: str) -> Manifest:
    """A product's manifest. Raises ModuleNotFoundError for one that does not exist."""
    found: Manifest = importlib.import_module(f"controltower.connectors.{name}.manifest").MANIFEST
    return found


def connect(system: System) -> Connector:
    """The connector that speaks to one system of the landscape."""
    module = importlib.import_module(f"controltower.connectors.{system.connector}.connector")
    made: Connector = module.connect(system)
    return made
