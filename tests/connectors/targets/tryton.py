"""Tryton: a new due date for an order, written by JSON-RPC in a session; it takes no keys but guards with stamps."""

import datetime as dt
import json
from typing import Any

from tests.connectors.served import Asked, Reply
from tests.connectors.targets import Played
from tests.connectors.targets.order import ORDER

PASSWORD = "password-of-the-tower"
TOKEN = "token-of-the-session"


def _day(day: dt.date) -> dict[str, Any]:
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _order(due: dt.date) -> Reply:
    held = {
        "id": 7,
        "number": "MO-1001",
        "state": "waiting",
        "quantity": 120.5,
        "unit.": {"id": 1, "symbol": "u"},
        "product": 3,
        "warehouse.": {"id": 2, "code": "LYON"},
        "planned_start_date": None,
        "planned_date": _day(due),
        "inputs": [],
        "outputs": [],
        "company": 1,
        "_timestamp": "1767225600.0",
    }
    return Reply({"id": 1, "result": [held]})


def _call(asked: Asked) -> dict[str, Any]:
    call: dict[str, Any] = json.loads(asked.body)
    return call


def _beside(asked: Asked) -> Reply | None:
    """The log-in, and what a user prefers."""
    answers = {"common.db.login": [1, TOKEN], "model.res.user.get_preferences": {"language": "en"}}
    method = _call(asked)["method"]
    return Reply({"id": 1, "result": answers[method]}) if method in answers else None


PLAYED = Played(
    settings=lambda url: {"url": url, "password": PASSWORD},
    outgoing=ORDER._replace(attributes={"due_date": ORDER.attributes["due_date"]}),
    there=lambda _: _order(dt.date(2026, 3, 9)),
    absent=lambda _: _order(dt.date(2026, 3, 6)),
    secrets=(PASSWORD, TOKEN),
    role="erp",
    took=lambda _: Reply({"id": 1, "result": None}),
    beside=_beside,
    writes=lambda asked: _call(asked)["method"].endswith(".write"),
    refuses=lambda words: Reply({"id": 1, "error": ["UserError", [words, "", None]]}),
    said=lambda asked: {**_call(asked), "id": 0},
)
