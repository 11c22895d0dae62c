"""Every connector that sends keeps the sending half of the contract, at a real server that answers as it likes."""

import datetime as dt
import itertools
import socket
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

import pytest

from controltower.connectors import manifest
from controltower.connectors.contract import ABSENT, FAILED, TAKEN, THERE, UNCLEAR, UNSURE, Outcome
from controltower.domain import failure
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from tests.connectors.served import Asked, Reply, Served, serve
from tests.connectors.targets import Played, played, sending_connectors

SENDING = sending_connectors()
SOON = 1.0  # seconds: how long a test waits for a server that stays silent
STATUSES = [
    (400, FAILED, failure.REFUSED),
    (401, FAILED, failure.CREDENTIALS),
    (403, FAILED, failure.FORBIDDEN),
    (404, FAILED, failure.GONE),
    (405, FAILED, failure.REFUSED),
    (407, FAILED, failure.CREDENTIALS),
    (408, FAILED, failure.TROUBLE),
    (409, FAILED, failure.CONFLICT),
    (410, FAILED, failure.REMOVED),
    (412, FAILED, failure.CONFLICT),
    (413, FAILED, failure.REFUSED),
    (415, FAILED, failure.REFUSED),
    (422, FAILED, failure.REFUSED),
    (423, FAILED, failure.LOCKED),
    (425, FAILED, failure.TROUBLE),
    (429, FAILED, failure.BUSY),
    (500, FAILED, failure.TROUBLE),
    (502, UNSURE, failure.TIMEOUT),
    (503, FAILED, failure.TROUBLE),
    (504, UNSURE, failure.TIMEOUT),
]
GARBAGE = [
    b"",
    b"\x00\xff\xfe not HTTP at all\r\n\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n[null",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"\xff\xfe\\ud800"',
    b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"[" * 50_000,
    b"HTTP/1.1 500 Oh\r\nRetry-After: soon\r\nContent-Length: 15\r\n\r\n<html><p>\xf0\x9f\x92\xa5\x00",
    b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\n\r\n",
]
NOBODY: Mapping[str, Value] = MappingProxyType({})


def _sent(connector: str, reply: Reply) -> Outcome:
    product = played(connector)
    with serve(product.answering(lambda _: reply)) as served:
        return product.sender(connector, served.url).send(product.outgoing)


def _writes(product: Played, served: Served) -> list[Asked]:
    return [asked for asked in served.asked if product.writes(asked)]


def test_there_are_connectors_that_send() -> None:
    assert {"cloudevents", "generic_rest"} <= set(SENDING)


@pytest.mark.parametrize("connector", SENDING)
def test_it_can_take_what_it_is_played_with(connector: str) -> None:
    product = played(connector)
    sender = product.sender(connector, "http://127.0.0.1:9")
    assert sender.can_take(product.outgoing.subject.kind)
    assert isinstance(sender.idempotent, bool)
    assert sender.idempotent or manifest(connector).read_back


@pytest.mark.parametrize("connector", SENDING)
def test_a_good_answer_is_delivered_and_both_sides_of_it_are_kept(connector: str) -> None:
    product = played(connector)
    with serve(product.answering(product.took)) as served:
        outcome = product.sender(connector, served.url).send(product.outgoing)
        assert _writes(product, served)
    assert outcome.kind == TAKEN
    assert outcome.error == ""
    assert b" HTTP/1.1\r\n" in outcome.request
    assert outcome.response.startswith(b"HTTP/1.1 2")


@pytest.mark.parametrize(("status", "kind", "error"), STATUSES)
@pytest.mark.parametrize("connector", SENDING)
def test_a_status_gives_its_class_of_failure(connector: str, status: int, kind: str, error: str) -> None:
    outcome = _sent(connector, Reply({"detail": "as the test wants it"}, status))
    assert (outcome.kind, outcome.error, outcome.status) == (kind, error, status)
    assert outcome.words == "as the test wants it" or error == failure.CREDENTIALS


@pytest.mark.parametrize("connector", SENDING)
def test_a_permanent_refusal_has_the_targets_own_words(connector: str) -> None:
    outcome = _sent(connector, played(connector).refuses("order is closed since noon"))
    assert (outcome.kind, outcome.error) == (FAILED, failure.REFUSED)
    assert "order is closed since noon" in outcome.words


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("connector", SENDING)
def test_what_the_target_asks_us_to_wait_is_heard(connector: str, status: int) -> None:
    assert _sent(connector, Reply({}, status, {"Retry-After": "7"})).retry_after == 7


@pytest.mark.parametrize("connector", SENDING)
def test_a_redirect_to_a_login_is_a_spent_credential_and_never_followed(connector: str) -> None:
    product = played(connector)
    reply = Reply({}, 302, {"Location": "/login?next=/"})
    with serve(product.answering(lambda _: reply)) as served:
        outcome = product.sender(connector, served.url).send(product.outgoing)
        assert "/login" not in {asked.path for asked in served.asked}
    assert (outcome.kind, outcome.error) == (FAILED, failure.CREDENTIALS)


@pytest.mark.parametrize("connector", SENDING)
def test_the_key_is_the_same_at_each_try_and_another_for_another_message(connector: str) -> None:
    product = played(connector)
    replies = itertools.chain([Reply({}, 503), Reply({}, 429), Reply({}, 500)], itertools.repeat(None))
    with serve(product.answering(lambda asked: next(replies) or product.took(asked))) as served:
        sender = product.sender(connector, served.url)
        kinds = [sender.send(product.outgoing).kind for _ in range(4)]
        tries = _writes(product, served)
        sender.send(product.outgoing._replace(key="another-key"))
        other = _writes(product, served)[-1]
    assert kinds == [FAILED, FAILED, FAILED, TAKEN]
    assert len(tries) >= 4
    if product.key is None:
        assert [product.said(asked) for asked in tries[:4]] == [product.said(tries[0])] * 4
        return
    assert {product.key(asked) for asked in tries} == {product.outgoing.key}
    assert product.key(other) == "another-key"


@pytest.mark.parametrize("connector", SENDING)
@pytest.mark.parametrize(("shown", "expected"), [("there", THERE), ("absent", ABSENT)])
def test_a_time_out_after_the_write_is_unknown_and_is_read_back(
    connector: str, shown: str, expected: str
) -> None:
    product = played(connector)
    show: Callable[[Asked], Reply] = getattr(product, shown)
    with serve(product.silent(show)) as served:
        outcome = product.sender(connector, served.url, SOON).send(product.outgoing)
        found = product.sender(connector, served.url).read_back(product.outgoing)
    assert (outcome.kind, outcome.error) == (UNSURE, failure.TIMEOUT)
    assert found.kind == expected
    assert found.words
    assert found.request


@pytest.mark.parametrize("status", [401, 429, 500, 502])
@pytest.mark.parametrize("connector", SENDING)
def test_a_target_in_trouble_cannot_be_read_back(connector: str, status: int) -> None:
    product = played(connector)
    with serve(product.showing(lambda _: Reply({"detail": "trouble"}, status))) as served:
        assert product.sender(connector, served.url).read_back(product.outgoing).kind == UNCLEAR


@pytest.mark.parametrize("connector", SENDING)
def test_a_connection_that_breaks_after_the_write_is_unknown(connector: str) -> None:
    outcome = _sent(connector, Reply(raw=b""))
    assert (outcome.kind, outcome.error) == (UNSURE, failure.TIMEOUT)


@pytest.mark.parametrize("connector", SENDING)
def test_an_answer_cut_short_is_unknown(connector: str) -> None:
    outcome = _sent(connector, Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"))
    assert (outcome.kind, outcome.error) == (UNSURE, failure.TIMEOUT)


@pytest.mark.parametrize("connector", SENDING)
def test_nobody_listening_means_that_nothing_was_sent(connector: str) -> None:
    product = played(connector)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        sender = product.sender(connector, f"http://127.0.0.1:{taken.getsockname()[1]}")
        outcome, found = sender.send(product.outgoing), sender.read_back(product.outgoing)
    assert (outcome.kind, outcome.error) == (FAILED, failure.UNREACHABLE)
    assert outcome.words
    assert found.kind == UNCLEAR


@pytest.mark.parametrize("connector", SENDING)
def test_garbage_never_raises(connector: str) -> None:
    product = played(connector)
    for garbage in GARBAGE:
        with serve(lambda _, wire=garbage: Reply(raw=wire)) as served:  # type: ignore[misc]
            sender = product.sender(connector, served.url, 5.0)
            assert sender.send(product.outgoing).kind in (TAKEN, FAILED, UNSURE)
            assert sender.read_back(product.outgoing).kind in (THERE, ABSENT, UNCLEAR)


@pytest.mark.parametrize("connector", SENDING)
def test_what_is_no_answer_never_shows_that_a_message_arrived(connector: str) -> None:
    product = played(connector)
    for garbage in (each for each in GARBAGE if not each.startswith(b"HTTP/1.1 200 OK")):
        with serve(product.showing(lambda _, wire=garbage: Reply(raw=wire))) as served:  # type: ignore[misc]
            found = product.sender(connector, served.url, 5.0).read_back(product.outgoing)
        assert found.kind == UNCLEAR, garbage


@pytest.mark.parametrize("connector", SENDING)
def test_no_secret_is_kept_even_when_the_target_says_it_back(connector: str) -> None:
    product = played(connector)

    def echo(asked: Asked) -> Reply:
        return Reply({"detail": " ".join([*product.secrets, *asked.headers.values()])}, 422)

    with serve(product.answering(echo)) as served:
        outcome = product.sender(connector, served.url).send(product.outgoing)
        credentials = {asked.headers.get("authorization", "") for asked in served.asked}
    assert credentials
    assert outcome.kind == FAILED
    kept = (outcome.request + outcome.response + outcome.words.encode()).decode()
    for secret in filter(None, (*product.secrets, *credentials)):
        assert secret not in kept


@pytest.mark.parametrize("connector", SENDING)
def test_whatever_a_message_holds_nothing_raises(connector: str) -> None:
    product = played(connector)
    at = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
    odd = [Value(""), Value("\ud800"), Value("x" * 100_000), Value("1e9"), Value("\r\nX: 1"), Value("../..")]
    kind = product.outgoing.subject.kind
    messages = [
        product.outgoing._replace(attributes=NOBODY, refs={}, occurred_at=at),
        product.outgoing._replace(subject=Subject("LYON", f"{kind}/../../etc"), key='"\r\nX: 1'),
        product.outgoing._replace(subject=Subject("LYON", f"{kind}/ä €/☃"), key="☃"),
        product.outgoing._replace(traceparent="\r\nX: 1", source="\ud800"),
        *(
            product.outgoing._replace(attributes=dict.fromkeys(product.outgoing.attributes, value))
            for value in odd
        ),
    ]
    with serve(product.answering(product.took)) as served:
        sender = product.sender(connector, served.url)
        for message in messages:
            assert sender.send(message).kind in (TAKEN, FAILED)
            assert sender.read_back(message).kind in (THERE, ABSENT, UNCLEAR)
        assert not [asked for asked in served.asked if "x" in asked.headers]


@pytest.mark.parametrize("connector", SENDING)
def test_many_threads_send_at_once(connector: str) -> None:
    product = played(connector)
    outcomes: list[Outcome] = []
    with serve(product.answering(product.took)) as served:
        sender = product.sender(connector, served.url)

        def send() -> None:
            outcomes.extend(sender.send(product.outgoing) for _ in range(5))

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Without keys, what is there already need not be written again.
        assert len(_writes(product, served)) == 40 or product.key is None
    assert [outcome.kind for outcome in outcomes] == [TAKEN] * 40


@pytest.mark.parametrize("connector", SENDING)
def test_a_connection_that_the_target_closed_meanwhile_is_no_lost_write(connector: str) -> None:
    product = played(connector)

    def closing(asked: Asked) -> Reply:
        took = product.took(asked)
        return took._replace(headers={**took.headers, "Connection": "close"})

    with serve(product.answering(closing)) as served:
        sender = product.sender(connector, served.url)
        assert [sender.send(product.outgoing).kind for _ in range(5)] == [TAKEN] * 5
