"""`POST /hooks/<system>` as a sender sees it: each answer of the wire, and what is kept behind it."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from controltower.domain.landscape import Hooks
from controltower.domain.trace import message_span
from controltower.store import channel, message
from controltower.store.engine import reading
from tests.factories import MORNING, SECRET, Plantlet, cloud_event, due, landscape, signed, system
from tests.web.asking import opened_app

LARGEST = 20_000
ROTATED = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    held = landscape()
    small = system("erp", "erp", hooks=Hooks(secrets=(ROTATED, SECRET), largest=LARGEST))
    mute = system("wms", "wms", hooks=None)
    slow = system("aps", "aps", hooks=Hooks(secrets=(SECRET,), rate=3))
    with opened_app(
        engine, tmp_path, replace(held, systems={**held.systems, "erp": small, "wms": mute, "aps": slow})
    ) as made:
        yield made


@pytest.fixture
def app(opened: tuple[Flask, Plantlet]) -> Flask:
    return opened[0]


def an_event(sequence: int = 1, **changed: Any) -> dict[str, Any]:
    return cloud_event("erp", sequence, {"due_date": due(9)}, MORNING, **changed)


def send(
    app: Flask, body: Any, system: str = "erp", kind: str = STRUCTURED, delivery: str = "d-1", **headers: str
) -> TestResponse:
    """One signed webhook; headers given as `content_type` replace those of a good one."""
    text = body if isinstance(body, str) else json.dumps(body)
    given = signed(text, delivery) | {"content-type": kind}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().post(f"/hooks/{system}", data=text.encode(), headers=given)


def kept(engine: Engine) -> list[message.Message]:
    with reading(engine) as connection:
        return message.listing(connection, limit=500)


def check_problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    problem: dict[str, Any] = answer.json  # type: ignore[assignment]
    assert problem["status"] == status
    assert problem["title"]
    assert problem["type"]
    assert len(problem["trace_id"]) == 32
    assert problem["instance"].startswith("/hooks")
    return problem


def test_a_good_webhook_is_stored_before_it_is_answered(app: Flask, engine: Engine) -> None:
    answer = send(app, an_event(), traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    assert (answer.status_code, answer.mimetype) == (202, "application/json")
    (held,) = kept(engine)
    assert answer.json == {"accepted": 1, "duplicates": 0, "message": str(held.id)}
    assert held.trace == TRACE
    assert answer.headers["traceparent"] == f"00-{TRACE}-{message_span(held.id)}-01"


def test_a_trace_begins_here_where_none_came(app: Flask, engine: Engine) -> None:
    answer = send(app, an_event())
    assert kept(engine)[0].trace == answer.headers["traceparent"].split("-")[1]


def test_a_duplicate_is_202_and_counted_apart(app: Flask) -> None:
    send(app, an_event())
    again = send(app, an_event())
    assert (again.status_code, again.json["accepted"], again.json["duplicates"]) == (202, 0, 1)


def test_either_secret_of_a_rotation_will_do(app: Flask) -> None:
    text = json.dumps(an_event())
    headers = signed(text, "d-9", ROTATED) | {"content-type": STRUCTURED}
    assert app.test_client().post("/hooks/erp", data=text, headers=headers).status_code == 202


def test_a_batch_of_a_thousand_events_is_one_message(app: Flask) -> None:
    answer = send(app, [an_event(n) for n in range(1, 1001)], system="mes", kind=BATCH)
    assert (answer.status_code, answer.json["accepted"]) == (202, 1000)


def test_binary_mode_is_taken(app: Flask) -> None:
    event = an_event()
    names = {
        name: event[name] for name in ("specversion", "id", "source", "type", "subject", "time", "sequence")
    }
    headers = {f"ce_{name}": str(value) for name, value in names.items()}
    answer = send(app, event["data"], kind="application/json", **headers)
    assert (answer.status_code, answer.json["accepted"]) == (202, 1)


def test_a_body_that_is_no_json_is_400_and_its_bytes_are_kept(app: Flask, engine: Engine) -> None:
    problem = check_problem(send(app, "{nonsense"), 400)
    assert problem["errors"]
    assert set(problem["errors"][0]) >= {"message", "pointer"}
    (held,) = kept(engine)
    assert held.state == message.REJECTED
    with reading(engine) as connection:
        _, payload = message.get(connection, held.id) or pytest.fail("not kept")
    assert payload.body == b"{nonsense"


def test_a_broken_envelope_names_the_place(app: Flask) -> None:
    event = an_event()
    del event["id"]
    problem = check_problem(send(app, event), 400)
    assert "id" in problem["errors"][0]["message"] + problem["errors"][0]["pointer"]


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": ""},
        {"webhook_timestamp": "1000000000"},
        {"webhook_timestamp": "soon"},
        {"webhook_id": "another"},
    ],
)
def test_a_signature_that_is_not_believed_is_401_and_nothing_is_kept(
    app: Flask, engine: Engine, headers: dict[str, str]
) -> None:
    check_problem(send(app, an_event(), **headers), 401)
    app.extensions["intake"].stop()
    assert kept(engine) == []
    with reading(engine) as connection:
        assert channel.get(connection, "erp", "hook").refused == 1


@pytest.mark.parametrize("system", ["nobody", "wms", "", "erp/more", "%00", "\u00e9"])
def test_an_unknown_system_is_404(app: Flask, system: str) -> None:
    check_problem(send(app, an_event(), system=system), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE"])
def test_any_other_method_is_405_and_says_which_will_do(app: Flask, method: str) -> None:
    answer = app.test_client().open("/hooks/erp", method=method)
    check_problem(answer, 405)
    assert answer.headers["Allow"] == "POST, OPTIONS"


def test_too_large_is_413_without_reading_it(app: Flask, engine: Engine) -> None:
    check_problem(send(app, "x" * (LARGEST + 1)), 413)
    assert kept(engine) == []


def test_the_largest_is_still_taken(app: Flask) -> None:
    event = an_event()
    event["padding"] = "x" * (LARGEST - len(json.dumps({**event, "padding": ""})))
    assert send(app, event).status_code == 202


def test_another_content_type_is_415(app: Flask) -> None:
    check_problem(send(app, an_event(), kind="text/csv"), 415)


def test_over_the_rate_is_429_with_a_time_to_come_back(app: Flask, engine: Engine) -> None:
    answers = [send(app, an_event(n), system="aps", delivery=f"d-{n}") for n in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    check_problem(answers[3], 429)
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 61
    assert len(kept(engine)) == 3
    told = app.test_client().options("/hooks/aps", headers={"WebHook-Request-Origin": "aps.plant.example"})
    assert told.headers["WebHook-Allowed-Rate"] == "3"


def test_what_cannot_be_stored_is_503_with_a_time_to_come_back(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE payload")
    answer = send(app, an_event())
    check_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
    assert "payload" not in answer.text


def ask(app: Flask, **changed: Any) -> tuple[str, bytes]:
    """One request by hand, for bodies that no client would send."""
    text = json.dumps(an_event()).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/hooks/erp",
        "CONTENT_TYPE": STRUCTURED,
        "wsgi.input": io.BytesIO(text),
        **{
            f"HTTP_{name.upper().replace('-', '_')}": held
            for name, held in signed(text.decode(), "d-1").items()
        },
    }
    told: list[str] = []
    body = b"".join(app.wsgi_app(environ | changed, lambda status, headers: told.append(status)))  # type: ignore[arg-type]
    return told[0], body


def test_a_chunked_body_is_taken(app: Flask) -> None:
    status, _ = ask(app, **{"wsgi.input_terminated": True})
    assert status == "202 Accepted"


def test_a_chunked_body_is_read_no_further_than_the_limit(app: Flask) -> None:
    endless = io.BytesIO(b"x" * (10 * LARGEST))
    status, _ = ask(app, **{"wsgi.input_terminated": True, "wsgi.input": endless})
    assert status.startswith("413")
    assert endless.tell() == LARGEST + 1


@pytest.mark.parametrize(
    ("length", "status"),
    [("", "401"), ("0", "401"), ("7x", "400"), ("-1", "400"), ("19000", "400"), ("9" * 5000, "413")],
)
def test_a_length_that_lies_is_refused(app: Flask, length: str, status: str) -> None:
    assert ask(app, CONTENT_LENGTH=length)[0].startswith(status)


def test_the_handshake_of_cloudevents_is_answered(app: Flask) -> None:
    headers = {"WebHook-Request-Origin": "events.plant.example", "WebHook-Request-Rate": "120"}
    answer = app.test_client().options("/hooks/erp", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "events.plant.example"
    assert answer.headers["WebHook-Allowed-Rate"] == "*"
    assert answer.headers["Allow"] == "POST, OPTIONS"
    assert app.test_client().options("/hooks/nobody", headers=headers).status_code == 404
    assert (
        app.test_client().options("/hooks/erp", headers={"WebHook-Request-Origin": "x" * 500}).status_code
        == 400
    )


def test_no_cookie_and_no_session_is_made(app: Flask) -> None:
    answer = send(app, an_event())
    assert "Set-Cookie" not in answer.headers


def test_many_senders_at_once_are_all_stored_and_none_twice(app: Flask, engine: Engine) -> None:
    answers: list[TestResponse] = []

    def sender(first: int) -> None:
        for n in range(first, first + 10):
            for _ in range(2):
                answers.append(send(app, an_event(n), delivery=f"d-{n}"))

    threads = [threading.Thread(target=sender, args=(first,)) for first in range(0, 80, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json["accepted"] for answer in answers) == 80
    stored = {str(each.id) for each in kept(engine)}
    assert stored == {answer.json["message"] for answer in answers}
