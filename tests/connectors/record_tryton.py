"""`python -m tests.connectors.record_tryton`: records the Tryton connector's fixtures anew from a real Tryton."""

import datetime as dt
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from controltower.connectors.contract import Page
from controltower.connectors.tryton.connector import TrytonConnector
from controltower.domain.landscape import System
from controltower.simulation.tryton import catalogue, orders
from controltower.simulation.tryton.company import Company
from controltower.simulation.tryton.install import ensure_installed
from controltower.simulation.tryton.rpc import TrytonClient
from controltower.simulation.tryton.seed import ensure_connector_user, ensure_seeded
from controltower.simulation.tryton.server import TrytonServer
from tests.connectors.recorded import CONNECTORS
from tests.connectors.test_tryton_real import PASSWORD, TODAY, Erp, free_port

FIXTURES = CONNECTORS / "tryton" / "fixtures"
SYSTEM = {
    "id": "erp-hq",
    "role": "erp",
    "plants": ["LYON", "GRAZ", "PORTO"],
    "zone": "Europe/Paris",
    "settings": {
        "url": "http://tryton.invalid",
        "password": "not-a-secret",
        "zones": {"GRAZ": "Europe/Vienna", "PORTO": "Europe/Lisbon"},
    },
}
ABOUT = {
    "production": "Orders in every state; dates without times, no number before `wait`",
    "production.work": "Operations: waiting, ready, running, finished and done, with the cycles of their work",
    "purchase.line": "Purchase lines from draft to received, one partly, one with a cancelled delivery",
    "quality.inspection": "A passed, a failed and a pending inspection with the order that each is of",
    "stock": "Positions of three warehouses; `as_of` is ours, the rest is Tryton's",
}


def main() -> None:
    """Start a Tryton, make something of everything in it, and write down what the connector reads."""
    installation = ensure_installed()
    with tempfile.TemporaryDirectory() as directory:
        server = TrytonServer(installation, Path(directory), free_port())
        with server:
            people = server.administrator()
            company = ensure_seeded(people, 7, TODAY, past=True)
            ensure_connector_user(people, company, PASSWORD)
            _make_the_rest(people, company)
            _record(Erp(server, people, company).system())


def _make_the_rest(people: TrytonClient, company: Company) -> None:
    """What the seed has none of: requests, cancelled orders, odd purchases, inspections that do not pass."""
    day = TODAY + dt.timedelta(days=3)
    row = orders.order_row(company, "LYON", "PUMP-7", 12.0, TODAY, day, "JOB-REQUEST")
    people.create("production", [row | {"state": "request"}])
    cancelled, failing, pending = people.create(
        "production",
        [
            orders.order_row(company, "LYON", item, 5.0, TODAY, day, f"JOB-{item}")
            for item in ("PUMP-7", catalogue.INSPECTED, catalogue.INSPECTED)
        ],
    )
    people.press("production", "wait", [cancelled, failing, pending])
    people.press("production", "cancel", [cancelled])
    orders.inspect(people, failing, accepted=False)
    orders.inspect(people, pending, finish=False)
    _make_purchases(people, company)


def _make_purchases(people: TrytonClient, company: Company) -> None:
    day = TODAY + dt.timedelta(days=9)
    quoted, partly, refused = people.create(
        "purchase.purchase",
        [
            orders.purchase_row(company, plant.code, supplier, [(plant.components[0], 30.0)], day)
            for plant, supplier in zip(catalogue.PLANTS, catalogue.SUPPLIERS, strict=True)
        ],
    )
    people.press("purchase.purchase", "quote", [quoted])
    orders.place_purchases(people, [partly, refused])
    for purchase, share in ((partly, 12.0), (refused, None)):
        [move] = people.call("model.purchase.purchase.read", [purchase], ["moves"])[0]["moves"]
        if share is None:
            people.press("stock.move", "cancel", [move])
        else:
            people.write("stock.move", [move], {"quantity": share})
            orders.receive_purchase(people, purchase)


def _record(system: System) -> None:
    FIXTURES.mkdir(exist_ok=True)
    pages = list(TrytonConnector(system).poll({}))
    for resource, about in ABOUT.items():
        rows = _varied(page for page in pages if page.resource == resource)
        _write(resource.replace(".", "_"), about, {"resource": resource, "json": rows})


def _varied(pages: Iterable[Page]) -> list[Any]:
    """Two records of each state."""
    chosen: dict[str, list[Any]] = {}
    for page in pages:
        for record in page.records:
            row = json.loads(record.body)
            held = row.get("record", row.get("warehouse"))
            state = str(
                [held.get("state"), held.get("code"), (held.get("purchase.") or {}).get("shipment_state")]
            )
            chosen.setdefault(state, []).append(row)
    return [row for rows in chosen.values() for row in rows[:2]]


def _write(name: str, about: str, content: dict[str, Any]) -> None:
    held = {"about": about, "system": SYSTEM, "channel": "poll", **content}
    text = json.dumps(held, indent=1, ensure_ascii=False) + "\n"
    (FIXTURES / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
