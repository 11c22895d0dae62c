"""Seeds an empty Tryton with the company, its plants, items, routings, suppliers, purchases and orders."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from controltower.simulation.tryton import catalogue, master_rows
from controltower.simulation.tryton.orders import draft_order, move_on
from controltower.simulation.tryton.rpc import TrytonClient
from controltower.simulation.tryton.users import create_connector_user

ORDERS = 20
PURCHASES = 6


@dataclass
class Network:
    """The ids under which Tryton knows the seeded company; read back by code or name after a restart."""

    company: int
    currency: int
    units: dict[str, int]
    warehouses: dict[str, dict[str, Any]]
    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    boms: dict[str, int] = field(default_factory=dict)
    routings: dict[str, int] = field(default_factory=dict)
    suppliers: dict[str, int] = field(default_factory=dict)
