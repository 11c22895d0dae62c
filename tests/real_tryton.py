"""A real Tryton for the tests: one server, seeded once for all of them."""

import datetime as dt
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from controltower.connectors.tryton.connector import TrytonConnector
from controltower.domain.landscape import Polling, System
from controltower.simulation.tryton import catalogue, orders
from controltower.simulation.tryton.company import Company, read_company
from controltower.simulation.tryton.install import ensure_installed
from controltower.simulation.tryton.rpc import TrytonClient
from controltower.simulation.tryton.seed import ensure_bridge_user, ensure_connector_user, ensure_seeded
from controltower.simulation.tryton.server import TrytonServer
from tests.connectors.polling import Reader

PASSWORD = "only-for-this-test-1"
TODAY = dt.date(2026, 3, 2)
ZONES = "LYON=Europe/Paris, GRAZ=Europe/Vienna, PORTO=Europe/Lisbon"


class Erp:
    """A running Tryton with its administrator, who plays all its people."""

    def __init__(self, server: TrytonServer, people: TrytonClient, company: Company) -> None:
        self.server, self.people, self.company = server, people, company

    def system(self, page_size: int = 200, resources: tuple[str, ...] = (), **settings: str) -> System:
        polling = Polling(overlap=dt.timedelta(minutes=15), resources=resources)
        given = {"url": self.server.base_url, "password": PASSWORD, "zones": ZONES, "page_size": page_size}
        plants = tuple(plant.code for plant in catalogue.PLANTS)
        zone = ZoneInfo("Europe/Paris")
        return System(
            "erp-hq", "ERP", "erp", plants, "tryton", zone, polling=polling, settings={**given, **settings}
        )

    def reader(self, *resources: str) -> Reader:
        """A new reader of some lists, or of all."""
        return Reader(TrytonConnector(self.system(resources=resources)))

    def new_order(self, plant: str, item: str, quantity: float = 10.0) -> int:
        row = orders.order_row(
            self.company, plant, item, quantity, TODAY, TODAY + dt.timedelta(days=4), "JOB-TEST"
        )
        return self.people.create("production", [row])[0]

    def number(self, order: int) -> str:
        return str(self.people.call("model.production.read", [order], ["number"])[0]["number"])

    def execute(self, statement: str, *values: object) -> None:
        """Change the database behind Tryton's back."""
        connection = sqlite3.connect(self.server.database, timeout=20)
        with connection:
            connection.execute(statement, values)
        connection.close()


@contextmanager
def running_tryton(folder: Path) -> Iterator[Erp]:
    """A seeded server; its failure is the test's: without a real Tryton nothing is shown."""
    with TrytonServer(ensure_installed(), folder, free_port()) as server:
        people = server.administrator()
        company = ensure_seeded(people, 7, TODAY, past=True)
        ensure_connector_user(people, company, PASSWORD)
        ensure_bridge_user(people, company, PASSWORD)
        erp = Erp(server, people, read_company(people))
        yield erp
        erp.people.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
