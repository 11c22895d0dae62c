"""What each way in which Tryton can answer a change means for the sending."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.contract import FAILED, TAKEN, UNCLEAR, UNSURE, Outcome, Outgoing
from controltower.connectors.tryton.connector import TrytonConnector
from controltower.domain import failure
from controltower.domain.landscape import System
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from tests.connectors.served import Asked, Reply, serve

START = Outgoing(
    "k1",
    "order.started",
    Subject("LYON", "order/MO-1"),
    {"status": Value("running")},
    {},
    "mes-lyon",
    dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
    1,
)
HELD = {
    "id": 7,
    "number": "MO-1",
    "state": "assigned",
    "quantity": 10.0,
    "unit.": {"id": 1, "symbol": "u"},
    "product": 3,
    "warehouse.": {"id": 2, "code": "LYON"},
    "planned_start_date": None,
    "planned_date": None,
    "inputs": [],
    "outputs": [],
    "company": 1,
    "_timestamp": "1767225600.0",
}


class Played:
    """A Tryton that holds one assigned order; `pressed` is its answer to the button, after which the order runs."""

    def __init__(self, pressed: Reply, login: Reply | None = None) -> None:
        self.pressed, self.login = pressed, login or Reply({"id": 1, "result": [3, "token-1", None]})
        self.calls: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Reply:
        call = json.loads(asked.body)
        self.calls.append(call)
        match call["method"]:
            case "common.db.login":
                return self.login
            case "model.res.user.get_preferences":
                return Reply({"id": 1, "result": {"company": 1}})
            case "model.production.search_read":
                done = any(each["method"] == "model.production.run" for each in self.calls)
                return Reply({"id": 1, "result": [{**HELD, "state": "running" if done else "assigned"}]})
        return self.pressed

    def pressed_times(self) -> int:
        return sum(call["method"] == "model.production.run" for call in self.calls)


def _connected(url: str) -> TrytonConnector:
    settings = {"url": url, "password": "a-long-password"}
    return TrytonConnector(
        System("erp", "ERP", "erp", ("LYON",), "tryton", ZoneInfo("Europe/Paris"), settings=settings)
    )


def _sent(played: Callable[[Asked], Reply]) -> Outcome:
    with serve(played) as served:
        return _connected(served.url).send(START)


def _error(*error: Any) -> Reply:
    return Reply({"id": 1, "error": list(error)})


def test_a_button_is_pressed_once_with_the_stamp_that_was_read() -> None:
    played = Played(Reply({"id": 1, "result": None}))
    outcome = _sent(played)
    assert (outcome.kind, outcome.words, outcome.status) == (TAKEN, "started", 200)
    assert played.pressed_times() == 1
    [pressed] = [call for call in played.calls if call["method"] == "model.production.run"]
    assert pressed["params"] == [[7], {"company": 1, "_timestamp": {"production,7": "1767225600.0"}}]


@pytest.mark.parametrize(
    ("reply", "kind", "error", "word"),
    [
        (_error("UserError", ["Not today", "", None]), FAILED, failure.REFUSED, "Not today"),
        (_error("UserWarning", ["w1", "Are you sure?", ""]), FAILED, failure.REFUSED, "w1"),
        (
            _error("ConcurrencyException", "Records were modified in the meanwhile"),
            FAILED,
            failure.TROUBLE,
            "same time",
        ),
        (_error("database is locked", "Traceback ..."), FAILED, failure.TROUBLE, "database is locked"),
        (_error("RateLimitException", []), FAILED, failure.BUSY, ""),
        (Reply({"id": 1, "result": {"wiz_name": "quality.inspect"}}), FAILED, failure.CONFLICT, "form"),
        (Reply(status=500, value={}), FAILED, failure.TROUBLE, ""),
        (Reply(status=503, value={}), FAILED, failure.TROUBLE, ""),
        (Reply(status=429, value={}, headers={"Retry-After": "7"}), FAILED, failure.BUSY, ""),
        (Reply(status=401, value={}), FAILED, failure.CREDENTIALS, ""),
        (Reply(status=403, value={}), FAILED, failure.FORBIDDEN, ""),
        (Reply(status=404, value={}), FAILED, failure.GONE, ""),
        (Reply(status=422, value={}), FAILED, failure.REFUSED, ""),
        (Reply(status=502, value={}), UNSURE, failure.TIMEOUT, ""),
        (Reply(status=504, value={}), UNSURE, failure.TIMEOUT, ""),
        (Reply(body=b"<html>Welcome</html>"), UNSURE, failure.TIMEOUT, "cannot be read"),
        (Reply(body=b""), UNSURE, failure.TIMEOUT, "cannot be read"),
    ],
)
def test_each_answer_to_a_change_has_its_meaning(reply: Reply, kind: str, error: str, word: str) -> None:
    outcome = _sent(Played(reply))
    assert (outcome.kind, outcome.error) == (kind, error)
    assert word in outcome.words
    assert outcome.retry_after == (7.0 if reply.status == 429 else None)


@pytest.mark.parametrize(
    ("login", "error"),
    [
        (Reply({"id": 1, "result": None}), failure.CREDENTIALS),
        (_error("LoginException", ["password", "Password for connector", "password"]), failure.CREDENTIALS),
        (_error("database is locked", "Traceback ..."), failure.TROUBLE),
        (Reply(status=429, value={}), failure.BUSY),
        (Reply(status=500, value={}), failure.TROUBLE),
        (Reply({"id": 1, "result": "?"}), failure.TROUBLE),
    ],
)
def test_a_log_in_that_fails_has_changed_nothing(login: Reply, error: str) -> None:
    played = Played(Reply({"id": 1, "result": None}), login)
    outcome = _sent(played)
    assert (outcome.kind, outcome.error) == (FAILED, error)
    assert played.pressed_times() == 0
    assert b"a-long-password" not in outcome.request + outcome.response


def test_a_session_that_is_never_accepted_is_a_matter_of_credentials() -> None:
    played = Played(Reply(status=401, value={}))
    outcome = _sent(played)
    assert (outcome.kind, outcome.error) == (FAILED, failure.CREDENTIALS)
    assert [call["method"] for call in played.calls].count("common.db.login") == 2


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": 7}],
        [{**HELD, "warehouse.": None}],
        [{**HELD, "planned_date": {"__class__": "date", "year": "soon"}}],
        "nonsense",
        7,
    ],
)
def test_an_order_in_another_shape_is_trouble_and_unclear(rows: Any) -> None:
    class Odd(Played):
        def __call__(self, asked: Asked) -> Reply:
            if json.loads(asked.body)["method"] == "model.production.search_read":
                return Reply({"id": 1, "result": rows})
            return super().__call__(asked)

    dated = START._replace(attributes={"due_date": Value("2026-03-09T12:00:00Z")})
    with serve(Odd(Reply({"id": 1, "result": None}))) as served:
        connector = _connected(served.url)
        outcome, found = connector.send(dated), connector.read_back(dated)
    assert (outcome.kind, outcome.error, found.kind) == (FAILED, failure.TROUBLE, UNCLEAR)


def test_a_button_that_does_nothing_is_not_pressed_for_ever() -> None:
    class Idle(Played):
        def __call__(self, asked: Asked) -> Reply:
            call = json.loads(asked.body)
            if call["method"] == "model.production.search_read":
                return Reply({"id": 1, "result": [HELD]})
            return super().__call__(asked)

    played = Idle(Reply({"id": 1, "result": None}))
    outcome = _sent(played)
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert "changed nothing" in outcome.words
    assert played.pressed_times() == 1
