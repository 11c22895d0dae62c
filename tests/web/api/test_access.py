"""Who may call the API, and what a refusal looks like."""

import datetime

import pytest
from flask import Flask

from controltower.store import user
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, Plantlet
from tests.web.asking import BASE, Caller, make_key


def test_without_a_key_the_call_is_refused_with_a_challenge(app: Flask) -> None:
    answer = app.test_client().get(f"{BASE}/systems")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["trace_id"]


@pytest.mark.parametrize(
    "given", ["Bearer", "Bearer ", "Bearer wrong", "Basic abc", "", "Bearer ct_\u00e9\u20ac"]
)
def test_a_key_that_is_none_is_refused(app: Flask, given: str) -> None:
    answer = app.test_client().get(
        f"{BASE}/systems", headers={"Authorization": given.encode("utf-8").decode("latin-1")}
    )
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_an_expired_and_a_revoked_key_are_refused(app: Flask, plantlet: Plantlet) -> None:
    short = make_key(plantlet, "planner", expires_at=plantlet.clock.now() + MINUTE)
    revoked = make_key(plantlet, "planner")
    assert Caller(app.test_client(), short).get("/systems").status_code == 200
    with writing(plantlet.tower.engine) as connection:
        last = max(user.keys(connection), key=lambda each: each.id)
        user.revoke_key(connection, last.id, plantlet.clock.now())
    plantlet.clock.move(2 * MINUTE)
    assert Caller(app.test_client(), short).get("/systems").status_code == 401
    assert Caller(app.test_client(), revoked).get("/systems").status_code == 401


def test_a_role_that_does_not_include_the_call_is_403(app: Flask, plantlet: Plantlet) -> None:
    receipt = plantlet.say("erp", 1, {"status": "firm"})
    path = f"/messages/{receipt.message}"
    assert Caller(app.test_client(), make_key(plantlet, "executive")).get(path).status_code == 403
    assert Caller(app.test_client(), make_key(plantlet, "integration")).get(path).status_code == 200
    planner = Caller(app.test_client(), make_key(plantlet, "planner"))
    assert planner.post(f"{path}/reprocess", None).status_code == 403


def test_the_last_use_is_noted(app: Flask, plantlet: Plantlet) -> None:
    caller = Caller(app.test_client(), make_key(plantlet, "planner"))
    before = plantlet.clock.now()
    caller.get("/systems")
    plantlet.clock.move(datetime.timedelta(seconds=5))
    caller.get("/systems")
    with reading(plantlet.tower.engine) as connection:
        held = max(user.keys(connection), key=lambda each: each.id)
    assert held.last_used_at == before


def test_unknown_addresses_and_methods_are_told_in_json(caller: Caller) -> None:
    missing = caller.get("/nothing")
    wrong = caller.client.delete(f"{BASE}/systems", headers=caller.headers)
    assert (missing.status_code, missing.mimetype) == (404, "application/problem+json")
    assert (wrong.status_code, wrong.mimetype) == (405, "application/problem+json")
    assert "GET" in wrong.headers["Allow"]


def test_a_refusal_carries_the_callers_trace(app: Flask) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    problem = app.test_client().get(f"{BASE}/systems", headers=headers).json
    assert problem["trace_id"] == trace
    assert set(problem) == {"type", "title", "status", "detail", "instance", "trace_id", "errors"}
    assert (problem["status"], problem["instance"]) == (401, f"{BASE}/systems")


def test_a_fault_of_ours_says_nothing_of_its_cause(caller: Caller, plantlet: Plantlet) -> None:
    with writing(plantlet.tower.engine) as connection:
        connection.exec_driver_sql("DROP TABLE poll_cursor")
        connection.exec_driver_sql("DROP TABLE channel")
    answer = caller.get("/systems")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "channel" not in answer.text
    assert answer.json["trace_id"]


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/messages", {"limit": "0"}, "limit"),
        ("/messages", {"limit": "501"}, "limit"),
        ("/messages", {"limit": "ten"}, "limit"),
        ("/messages", {"from": "yesterday"}, "from"),
        ("/messages", {"to": "2026-03-02T08:15:00"}, "to"),
        ("/messages", {"cursor": "%%%"}, "cursor"),
        ("/messages", {"cursor": "WyJhIl0"}, "cursor"),
        ("/messages", {"state": "odd"}, "state"),
        ("/messages", {"colour": "red"}, "colour"),
        ("/orders", {"q": "a\0b"}, "q"),
        ("/orders", {"cursor": "WzFd"}, "cursor"),
        ("/drift", {"state": "odd"}, "state"),
        ("/drift", {"cursor": "WyIyMDI2LTAzLTAyVDAwOjAwOjAwIiwieCJd"}, "cursor"),
        ("/expectations", {"plant": "\n"}, "plant"),
        ("/exceptions", {"team": "x" * 201}, "team"),
        ("/events", {"after": "zz"}, "after"),
        ("/systems", {"limit": "5"}, "limit"),
        ("/orders/LYON/MO-1", {"as_of": "1e9"}, "as_of"),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(
    caller: Caller, path: str, query: dict[str, str], parameter: str
) -> None:
    answer = caller.get(path, **query)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert [each["parameter"] for each in answer.json["errors"]] == [parameter]


def test_a_parameter_given_twice_is_refused(caller: Caller) -> None:
    answer = caller.client.get(f"{BASE}/orders?plant=LYON&plant=GRAZ", headers=caller.headers)
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "plant")
