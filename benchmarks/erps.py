"""A real Tryton for the scenario: started in this process's care, and its books read when all is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.towers import free_port
from controltower.simulation.network import Network
from controltower.simulation.tryton.bridge import RealErp
from controltower.simulation.tryton.install import ensure_installed
from controltower.simulation.tryton.rpc import TrytonClient
from controltower.simulation.tryton.seed import ensure_bridge_user, ensure_connector_user, ensure_seeded
from controltower.simulation.tryton.server import TrytonServer

SEED = 7


class Books:
    """The running Tryton, and what it has booked."""

    def __init__(self, erp: RealErp, people: TrytonClient) -> None:
        self.erp, self._people = erp, people

    def problems(self, network: Network, orders: Sequence[str]) -> list[str]:
        """What Tryton itself says against it: orders that are not done, yields that are not what the MES has made."""
        fields = ["number", "state", "quantity", "outputs.quantity"]
        found = self._people.search_read("production", [["number", "in", list(orders)]], fields)
        held = {row["number"]: row for row in found}
        return [line for number in orders for line in self._against(network, number, held.get(number))]

    def _against(self, network: Network, number: str, row: dict[str, Any] | None) -> Iterator[str]:
        if row is None or row["state"] != "done":
            yield f"{number} is {row['state'] if row else 'not'} in Tryton"
            return
        order = network.systems["erp-hq"].db.get("order", number)
        job = network.scene.job(number, order["plant"]) if order else None
        outputs = row.get("outputs.") or []
        booked = sum(float(output["quantity"]) for output in outputs)
        if job is None or booked != job["good"]:
            yield f"{number}: Tryton has booked {booked:g}, the MES has made {job['good'] if job else 'nothing'}"


@contextmanager
def beside_tryton(home: Path, environ: Mapping[str, str]) -> Iterator[Books]:
    """A seeded Tryton in which nobody lives but those of the scenario; installed on first use, which takes minutes."""
    with TrytonServer(ensure_installed(), home / "tryton", free_port()) as server:
        people = server.administrator()
        company = ensure_seeded(people, SEED, dt.datetime.now(dt.UTC).date())
        ensure_connector_user(people, company, environ["ERP_HQ_PASSWORD"])
        ensure_bridge_user(people, company, environ["ERP_BRIDGE_PASSWORD"])
        yield Books(RealErp(server.base_url, environ["ERP_BRIDGE_PASSWORD"]), people)
        people.close()
