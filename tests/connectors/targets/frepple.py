"""frePPLe: an order is made or changed by its reference, which is all the key that it takes."""

from typing import Any

from tests.connectors.served import Reply
from tests.connectors.targets import Played
from tests.connectors.targets.order import ORDER

PASSWORD = "secret-words"
LIST = "/api/input/manufacturingorder/"
HELD = {
    "reference": "MO-1001",
    "location": "factory 1",
    "item": "PUMP-7",
    "operation": "Make PUMP-7",
    "priority": 5,
    "status": "confirmed",
    "quantity": "120.50000000",
    "due": "2026-03-09T18:00:00",
    "source": "erp-hq",
}


def _settings(url: str) -> dict[str, Any]:
    return {"url": url, "user": "tower", "password": PASSWORD, "plants": "factory 1=LYON"}


def _list(*rows: dict[str, Any]) -> Reply:
    return Reply(list(rows))


PLAYED = Played(
    settings=_settings,
    outgoing=ORDER,
    took=lambda _: Reply(HELD, 201),
    there=lambda asked: _list(HELD) if asked.path == LIST else Reply({}, 404),
    absent=lambda _: _list({**HELD, "reference": "MO-1000"}),
    secrets=(PASSWORD,),
    role="aps",
    refuses=lambda words: Reply({"quantity": [words]}, 400),
)
