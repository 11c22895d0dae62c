"""How the Tryton connector copes when the server answers badly: each failure has its name, none is taken for data."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.tryton.session import Refusal, Session
from controltower.connectors.tryton.wire import PollingWire


class Reply(NamedTuple):
    """One scripted answer."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


Script = Callable[[str, int], Reply]
GONE = {"error": ["UserError", ["You are trying to read records 5 that don't exist anymore.", "", None]]}


class Stage:
    """A server on a port of its own that answers a method by a script, and counts what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[str] = []
        self.authorizations: list[str | None] = []
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("localhost", 0), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def session(self) -> Session:
        return Session(
            PollingWire(f"http://localhost:{self.server.server_port}", "tryton"), "connector", "secret"
        )

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _handler(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            method = request["method"]
            with stage.lock:
                stage.asked.append(method)
                stage.authorizations.append(self.headers["Authorization"])
                times = stage.asked.count(method)
            reply = stage.script(method, times)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in (*reply.headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silence: the tests ask the stage."""

    return Handler


@pytest.fixture
def stage() -> Iterator[Callable[[Script], Stage]]:
    stages: list[Stage] = []

    def build(script: Script) -> Stage:
        stages.append(Stage(script))
        return stages[-1]

    yield build
    for each in stages:
        each.stop()


def _with_login(script: Script) -> Script:
    def answer(method: str, times: int) -> Reply:
        if method == "common.db.login":
            return Reply(body={"result": [3, f"token-{times}", None]})
        if method == "model.res.user.get_preferences":
            return Reply(body={"result": {"company": 1}})
        return script(method, times)

    return answer


Build = Callable[[Script], Stage]


def test_it_logs_in_once_and_keeps_the_session(stage: Build) -> None:
    built = stage(_with_login(lambda method, times: Reply(body={"result": [1, 2]})))
    session = built.session()
    assert [bytes(session.call("model.production.search", [])) for _ in range(3)] == [b"[1, 2]"] * 3
    assert built.asked.count("common.db.login") == 1
    assert built.authorizations[-1] == "Session Y29ubmVjdG9yOjM6dG9rZW4tMQ=="


def test_an_ended_session_is_renewed_once(stage: Build) -> None:
    built = stage(_with_login(lambda method, times: Reply(401) if times == 1 else Reply(body={"result": []})))
    assert bytes(built.session().call("model.production.search", [])) == b"[]"
    assert built.asked.count("common.db.login") == 2


def test_a_session_that_is_never_accepted_is_a_matter_of_credentials(stage: Build) -> None:
    built = stage(_with_login(lambda method, times: Reply(401)))
    with pytest.raises(SourceUnavailable) as caught:
        built.session().call("model.production.search", [])
    assert caught.value.kind == "credentials"
    assert built.asked.count("common.db.login") == 2


def test_an_unknown_user_is_a_matter_of_credentials(stage: Build) -> None:
    built = stage(lambda method, times: Reply(body={"result": None}))
    with pytest.raises(SourceUnavailable) as caught:
        built.session().call("model.production.search", [])
    assert caught.value.kind == "credentials"


@pytest.mark.parametrize(
    ("reply", "kind", "wait"),
    [
        (Reply(429, headers=(("Retry-After", "17"),)), "throttled", 17.0),
        (Reply(503, headers=(("Retry-After", "5"),)), "refused", 5.0),
        (Reply(500), "refused", None),
        (Reply(403), "credentials", None),
        (Reply(404), "removed", None),
        (Reply(422), "contract", None),
        (Reply(body=b"<html>proxy</html>"), "contract", None),
        (Reply(body=b'{"result": [1, '), "contract", None),
        (Reply(body=b""), "contract", None),
        (Reply(302, headers=(("Location", "/login"),)), "credentials", None),
    ],
)
def test_each_bad_answer_has_its_name(stage: Build, reply: Reply, kind: str, wait: float | None) -> None:
    built = stage(_with_login(lambda method, times: reply))
    with pytest.raises(SourceUnavailable) as caught:
        built.session().call("model.production.search", [])
    assert (caught.value.kind, caught.value.retry_after) == (kind, wait)
    assert built.asked.count("model.production.search") == 1


def test_a_refusal_in_an_answer_of_200_is_no_data(stage: Build) -> None:
    error = {"error": ["UserError", ['You can not call "run".', "", None]]}
    built = stage(_with_login(lambda method, times: Reply(body=error)))
    with pytest.raises(Refusal) as caught:
        built.session().call("model.production.run", [1])
    assert (caught.value.kind, caught.value.words) == ("UserError", 'You can not call "run".')


def test_a_record_deleted_while_it_was_read_is_asked_again(stage: Build) -> None:
    built = stage(
        _with_login(lambda method, times: Reply(body=GONE if times < 3 else {"result": [{"id": 6}]}))
    )
    assert bytes(built.session().call("model.production.search_read", [])) == b'[{"id": 6}]'


def test_one_that_stays_gone_is_told(stage: Build) -> None:
    built = stage(_with_login(lambda method, times: Reply(body=GONE)))
    with pytest.raises(Refusal, match="don't exist"):
        built.session().call("model.production.search_read", [])


def test_no_server_is_down() -> None:
    with pytest.raises(SourceUnavailable) as caught:
        Session(PollingWire("http://localhost:9", "tryton"), "connector", "secret").call(
            "model.production.search", []
        )
    assert caught.value.kind == "down"
