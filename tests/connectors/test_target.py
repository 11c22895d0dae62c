"""Writing over HTTP: what was surely not sent, what may have arrived, and what is kept of it."""

import datetime as dt
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from requests.auth import HTTPBasicAuth

from controltower.connectors.answers import words_of
from controltower.connectors.contract import FAILED, TAKEN, UNSURE
from controltower.connectors.http import HeaderAuth
from controltower.connectors.target import SHOWN_OF_AN_ANSWER, Target
from controltower.domain import failure
from controltower.domain.landscape import System
from controltower.domain.retry import Sending
from tests.connectors.served import Asked, Reply, serve

SOON = 1.0
LARGE = b"x" * (8 * 2**20)  # more than the buffers of two sockets take


def _system(seconds: float = 20.0) -> System:
    sending = Sending(timeout=seconds)
    return System("mes", "MES", "mes", ("LYON",), "generic_rest", ZoneInfo("UTC"), sending=sending)


@contextmanager
def _wire(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does this with each connection, on a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve_all() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                behave(connection)

    thread = threading.Thread(target=serve_all)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        # Closing alone does not wake a thread that waits in accept.
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def test_the_path_is_below_the_url_and_the_empty_one_is_the_url_itself() -> None:
    with serve(lambda _: Reply({})) as served:
        target = Target(_system(), f"{served.url}/base/?access_token=in-the-address")
        outcomes = [
            target.post("/orders?plant=LYON", b"{}"),
            target.put("", b"{}"),
            target.patch("/o", b"{}"),
        ]
        assert [(each.method, each.path) for each in served.asked] == [
            ("POST", "/base/orders"),
            ("PUT", "/base/"),
            ("PATCH", "/base/o"),
        ]
        assert served.asked[0].query == {"plant": "LYON"}
        assert served.asked[1].query == {"access_token": "in-the-address"}
    assert {outcome.kind for outcome in outcomes} == {TAKEN}
    assert not any(b"in-the-address" in outcome.request for outcome in outcomes)


@pytest.mark.parametrize("url", ["ftp://mes.example", "mes.example", ""])
def test_an_address_that_is_none_is_told_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Target(_system(), url)


def test_credentials_are_shown_to_the_target_and_to_nobody_else() -> None:
    def echo(asked: Asked) -> Reply:
        return Reply({"detail": f"no {asked.headers}"}, 401, {"WWW-Authenticate": "Basic"})

    with serve(echo) as served:
        target = Target(_system(), served.url, HTTPBasicAuth("tower", "pass-word-1"))
        found = target.exchange(
            "POST", "/o", b"{}", {"X-Shown": "1"}, secrets={"X-Signature": "v1,hidden-signature"}
        )
        headers = served.asked[0].headers
    assert headers["authorization"] == "Basic dG93ZXI6cGFzcy13b3JkLTE="
    assert headers["x-signature"] == "v1,hidden-signature"
    kept = found.outcome.request + found.outcome.response + found.outcome.words.encode()
    assert b"X-Shown: 1" in found.outcome.request
    for secret in (b"dG93ZXI6cGFzcy13b3JkLTE", b"hidden-signature"):
        assert secret not in kept


def test_no_cookie_and_no_proxy_or_login_of_the_machine_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with serve(lambda _: Reply({}, headers={"Set-Cookie": "session=1"})) as served:
        target = Target(_system(), served.url, HeaderAuth("X-Api-Key", "k"))
        assert [target.post("/o", b"{}").kind for _ in range(2)] == [TAKEN, TAKEN]
        assert "cookie" not in served.asked[1].headers
        assert "authorization" not in served.asked[1].headers


def test_connections_are_kept_open() -> None:
    ports: list[int] = []

    def answer(connection: socket.socket) -> None:
        ports.append(connection.getpeername()[1])
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with _wire(answer) as url:
        target = Target(_system(), url)
        assert [target.post("/o", b"{}").kind for _ in range(5)] == [TAKEN] * 5
        assert len(ports) == 1
        target.close()


def test_a_kept_connection_that_was_closed_since_is_opened_anew() -> None:
    closed = threading.Semaphore(0)

    def answer_once(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        connection.close()
        closed.release()

    with _wire(answer_once) as url:
        target = Target(_system(), url)
        for _ in range(3):
            assert target.post("/o", b"{}").kind == TAKEN
            closed.acquire()


def test_a_request_that_did_not_go_out_whole_was_not_done() -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.recv(1000)

    with _wire(reset) as url:
        outcome = Target(_system(), url).post("/o", LARGE)
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)


def test_a_request_that_the_target_does_not_read_was_not_done() -> None:
    over = threading.Event()

    def read_nothing(_: socket.socket) -> None:
        over.wait(30)

    with _wire(read_nothing) as url:
        outcome = Target(_system(SOON), url).post("/o", LARGE)
        over.set()
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)


def test_an_early_refusal_of_a_large_request_is_heard() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b'HTTP/1.1 413 Too Large\r\nContent-Length: 21\r\n\r\n{"detail":"too long"}')
        while connection.recv(2**20):
            """Read on, so that the answer is not lost with the connection."""

    with _wire(refuse) as url:
        target = Target(_system(), url)
        outcome = target.post("/o", LARGE)
        target.close()
    assert (outcome.error, outcome.words) == (failure.REFUSED, "too long")


@pytest.mark.parametrize(
    ("begins", "status"),
    [(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", 200), (b"HTTP/1.1 200 OK\r\nX-Drip: ", 0)],
)
def test_an_answer_that_drips_is_not_waited_for(begins: bytes, status: int) -> None:
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(begins)
        while not over.wait(SOON / 8):
            try:
                connection.sendall(b"x")
            except OSError:
                return

    with _wire(drip) as url:
        outcome = Target(_system(SOON), url).post("/o", b"{}")
        over.set()
    assert (outcome.kind, outcome.error, outcome.status) == (UNSURE, failure.TIMEOUT, status)


def test_a_refusal_stands_though_its_answer_breaks_off() -> None:
    wire = b'HTTP/1.1 422 No\r\nContent-Length: 900\r\n\r\n{"detail": "no such item"'
    with serve(lambda _: Reply(raw=wire)) as served:
        outcome = Target(_system(), served.url).post("/o", b"{}")
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert "no such item" in outcome.words


def test_a_certificate_that_is_none_means_that_nothing_was_sent() -> None:
    with serve(lambda _: Reply({})) as served:
        outcome = Target(_system(), served.url.replace("http:", "https:")).post("/o", b"{}")
        assert served.asked == []
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)
    assert "secure" in outcome.words


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(silent=True), "did not answer in time"),
        (Reply(raw=b""), "broke the connection off before it answered"),
        (Reply(raw=b"SSH-2.0-OpenSSH\r\n"), "answered something that is no HTTP"),
        (
            Reply(raw=b"HTTP/1.1 201 OK\r\nContent-Length: 9\r\n\r\n{"),
            "answered 201 and broke off its answer",
        ),
    ],
)
def test_it_is_told_in_words_what_came_instead_of_an_answer(reply: Reply, words: str) -> None:
    with serve(lambda _: reply) as served:
        outcome = Target(_system(SOON), served.url).post("/o", b"{}")
    assert (outcome.kind, outcome.words) == (UNSURE, words)


def test_an_unknown_host_is_told() -> None:
    outcome = Target(_system(), "http://mes.invalid").post("/o", b"{}")
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)


@pytest.mark.parametrize("value", ["a\r\nb: c", "☃", "a\x00b"])
def test_a_header_that_is_none_is_not_sent(value: str) -> None:
    with serve(lambda _: Reply({})) as served:
        outcome = Target(_system(), served.url).post("/o", b"{}", {"X-Odd": value})
        assert [asked for asked in served.asked if "b" in asked.headers] == []
    assert outcome.kind == TAKEN or outcome.error == failure.UNSENDABLE


def test_a_huge_answer_is_cut() -> None:
    with serve(lambda _: Reply(body=b"y" * (6 * 2**20))) as served:
        target = Target(_system(), served.url)
        outcome = target.post("/o", b"{}")
        assert target.post("/o", b"{}").kind == TAKEN
    assert outcome.kind == TAKEN
    assert len(outcome.response) < SHOWN_OF_AN_ANSWER + 500


def test_retry_after_may_be_a_date() -> None:
    soon = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5), usegmt=True)
    with serve(lambda _: Reply({}, 503, {"Retry-After": soon})) as served:
        wait = Target(_system(), served.url).post("/o", b"{}").retry_after
    assert wait is not None
    assert 200 < wait <= 300


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"title": "Bad", "detail": "quantity must be positive"}', "quantity must be positive · Bad"),
        (b'{"error": {"code": "E1", "message": {"lang": "en", "value": "locked"}}}', "locked"),
        (
            b'{"errors": [{"pointer": "/q", "message": "too much"}, {"message": "too late"}]}',
            "too much · too late",
        ),
        (
            b'{"quantity": ["must be positive"], "due": "is past"}',
            "quantity: must be positive · due: is past",
        ),
        (b'"just text"', "just text"),
        (b"plain\n\ttext \x07", "plain text"),
        (b"<html><head><title>502 Bad &amp; ugly</title><body>x", "502 Bad & ugly"),
        (b"<p>Order <b>closed</b></p><script>alert(1)</script>", "Order closed"),
        (b"", ""),
        (b"[[[[[[1]]]]]]", ""),
        (b"\xff\xfe", "��"),
    ],
)
def test_the_targets_own_words_are_found(body: bytes, words: str) -> None:
    assert words_of(body) == words
