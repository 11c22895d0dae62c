"""What the tower writes to frePPLe, at a server that keeps records as frePPLe does."""

import datetime as dt
import json
import threading
import urllib.parse
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.contract import ABSENT, FAILED, TAKEN, THERE, UNCLEAR, Outgoing, Sender
from controltower.connectors.frepple.connector import FreppleConnector, connect
from controltower.domain import failure
from controltower.domain.landscape import System
from controltower.domain.subject import Subject
from controltower.domain.value import Value

ORDER = {
    "status": Value("released"),
    "item": Value("PUMP-7"),
    "quantity": Value("120", "EA"),
    "due_date": Value("2026-03-03T18:00:00Z"),
    "planned_start": Value("2026-07-02T08:00:00Z"),
    "priority": Value("3"),
}


class Frepple:
    """Records by list and reference; a row whose status is no choice is refused in frePPLe's words."""

    def __init__(self) -> None:
        self.lists: dict[str, dict[str, Any]] = {"manufacturingorder": {}, "workorder": {}}
        self.asked: list[tuple[str, str]] = []
        self.headers: dict[str, str] = {}
        self.url = ""

    def write(self, name: str, row: Any) -> tuple[int, Any]:
        if row.get("item") == "NOBODY":
            return 400, {"item": ['Invalid pk "NOBODY" - object does not exist.']}
        self.lists[name].setdefault(row["reference"], {}).update(row)
        return 200, row


@pytest.fixture
def frepple() -> Iterator[Frepple]:
    kept = Frepple()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            self._answer(200, list(kept.lists[parts.path.split("/")[3]].values()))

        def do_POST(self) -> None:
            name = self.path.split("/")[3]
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.asked.append((self.command, self.path))
            kept.headers = {key.lower(): value for key, value in self.headers.items()}
            rows = body if isinstance(body, list) else [body]
            self._answer(*next(kept.write(name, row) for row in rows))

        do_PATCH = do_POST

        def _answer(self, status: int, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}"
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def _connected(url: str, **settings: str) -> FreppleConnector:
    held = {"url": url, "user": "tower", "password": "secret-words", "plants": "factory 1=LYON", **settings}
    return connect(System("aps", "APS", "aps", ("LYON",), "frepple", ZoneInfo("Europe/Paris"), settings=held))


def _outgoing(attributes: Mapping[str, Value], name: str = "order/MO-1") -> Outgoing:
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    refs = {"order": "MO-1"}
    return Outgoing(
        "key-1", "order.changed", Subject("LYON", name), attributes, refs, "erp-hq", at, 1, "00-a-b-01"
    )


def test_it_is_a_sender_whose_writes_may_be_repeated(frepple: Frepple) -> None:
    connector = _connected(frepple.url)
    assert isinstance(connector, Sender)
    assert connector.idempotent
    assert [kind for kind in ("order", "operation", "stock") if connector.can_take(kind)] == [
        "order",
        "operation",
    ]


def test_an_order_is_written_in_frepples_words(frepple: Frepple) -> None:
    outcome = _connected(frepple.url).send(_outgoing(ORDER))
    assert outcome.kind == TAKEN
    assert frepple.asked == [("POST", "/api/input/manufacturingorder/")]
    assert frepple.lists["manufacturingorder"] == {
        "MO-1": {
            "reference": "MO-1",
            "location": "factory 1",
            "item": "PUMP-7",
            "operation": "Make PUMP-7",
            "priority": 3,
            "status": "confirmed",
            "quantity": "120.00000000",
            "due": "2026-03-03T19:00:00",
            "startdate": "2026-07-02T10:00:00",
            "source": "erp-hq",
        }
    }
    assert frepple.headers["traceparent"] == "00-a-b-01"
    assert b"PUMP-7" in outcome.request
    assert b"secret-words" not in outcome.request


def test_written_twice_it_is_there_once(frepple: Frepple) -> None:
    connector = _connected(frepple.url)
    assert [connector.send(_outgoing(ORDER)).kind for _ in range(2)] == [TAKEN, TAKEN]
    assert len(frepple.lists["manufacturingorder"]) == 1


def test_progress_of_an_operation_leaves_its_place_in_the_plan_alone(frepple: Frepple) -> None:
    attributes = {
        "status": Value("completed"),
        "quantity_good": Value("118", "EA"),
        "planned_start": Value("2026-03-02T08:00:00Z"),
        "resource": Value("CUT-1"),
    }
    assert _connected(frepple.url).send(_outgoing(attributes, "operation/MO-1/10")).kind == TAKEN
    assert frepple.asked == [("PATCH", "/api/input/workorder/")]
    assert frepple.lists["workorder"] == {
        "MO-1-10": {"reference": "MO-1-10", "status": "completed", "quantity_completed": "118.00000000"}
    }


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ({"status": Value("proposed")}, "proposed"),
        ({"quantity": Value("12", "KG")}, "counts in EA"),
        ({"due_date": Value("tomorrow")}, "tomorrow"),
        ({"priority": Value("high")}, "high"),
    ],
)
def test_what_cannot_be_said_is_not_sent(frepple: Frepple, attributes: dict[str, Value], word: str) -> None:
    outcome = _connected(frepple.url).send(_outgoing(attributes))
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNSENDABLE)
    assert word in outcome.words
    assert frepple.asked == []


def test_a_refusal_has_frepples_own_words(frepple: Frepple) -> None:
    outcome = _connected(frepple.url).send(_outgoing({**ORDER, "item": Value("NOBODY")}))
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert "does not exist" in outcome.words


def test_read_back_compares_what_was_sent(frepple: Frepple) -> None:
    connector, outgoing = _connected(frepple.url), _outgoing(ORDER)
    assert connector.read_back(outgoing).kind == ABSENT
    connector.send(outgoing)
    held = frepple.lists["manufacturingorder"]["MO-1"]
    held["quantity"] = 120  # as the product may write the same number
    assert connector.read_back(outgoing).kind == THERE
    held["due"] = "2026-03-04T19:00:00"
    found = connector.read_back(outgoing)
    assert found.kind == ABSENT
    assert "due" in found.words


def test_where_nobody_answers_nothing_can_be_told(frepple: Frepple) -> None:
    connector = _connected("http://127.0.0.1:9")
    outcome = connector.send(_outgoing(ORDER))
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)
    assert connector.read_back(_outgoing(ORDER)).kind == UNCLEAR


def test_a_template_that_names_something_else_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="setting operation"):
        _connected("http://127.0.0.1:9", operation="Make {colour}")
