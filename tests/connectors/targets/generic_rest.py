"""An ERP with its own JSON, mapped in configuration."""

import json
import tomllib
from typing import Any

from tests.connectors.served import Asked, Reply
from tests.connectors.targets import Played
from tests.connectors.targets.order import ORDER

TOKEN = "token-of-the-erp"
MAPPING = """
[send.order]
method = "PUT"
path = "/api/orders/{key}"
idempotency = "Idempotency-Key"
duplicate = { status = 409, when = "code == 'DUPLICATE_KEY'" }
refused = { when = "ok == `false`", words = "error" }
read_back = { path = "/api/orders/{key}", there = "answer.OrderQty == body.OrderQty" }

[send.order.values]
werk = { from = "plant", map = { LYON = "1710" } }

[send.order.headers]
X-Origin = "source"

[send.order.body]
Werk = "values.werk"
Matnr = "attributes.item.value"
OrderQty = { from = "attributes.quantity.value", as = "number" }
Uom = "attributes.quantity.unit"
DueDate = { from = "attributes.due_date.value", format = "%Y-%m-%d", zone = "Europe/Paris" }
Sts = { from = "attributes.status.value", map = { released = "REL", closed = "CLSD" } }
Ready = { from = "attributes.material_available.value", as = "flag" }
Note = "attributes.customer.value"
Positions = [{ No = 10, Prio = { from = "attributes.priority.value", as = "integer" } }]
"""


def _settings(url: str) -> dict[str, Any]:
    return {"url": url, "auth": "bearer", "token": TOKEN, "mapping": tomllib.loads(MAPPING)}


def _key(asked: Asked) -> str:
    key: str = json.loads(asked.headers["idempotency-key"])
    return key


PLAYED = Played(
    settings=_settings,
    outgoing=ORDER,
    there=lambda _: Reply({"OrderNo": "MO-1001", "OrderQty": 120.5}),
    absent=lambda _: Reply({"OrderNo": "MO-1001", "OrderQty": 80}),
    secrets=(TOKEN,),
    key=_key,
    role="erp",
)
