"""Exceptions over the API: what is open, and each act on one of them."""

import pytest
from flask import Flask

from controltower.store import audit
from controltower.store.engine import reading
from tests.factories import Plantlet, due
from tests.web.asking import BASE, Caller, make_key, tell_story


def drift_case(caller: Caller) -> str:
    return str(
        next(each["id"] for each in caller.items("/exceptions", rule="drift") if each["system"] == "aps")
    )


def test_open_exceptions_are_listed_with_evidence_and_due_times(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    found = caller.items("/exceptions")
    assert {each["state"] for each in found} == {"open"}
    assert caller.items("/exceptions", limit=1) == found
    about = next(each for each in found if each["id"] == drift_case(caller))
    assert (about["plant"], about["subject"], about["team"]) == ("LYON", "LYON/order/MO-1", "aps-team")
    assert about["why"]
    assert about["action"]
    assert about["evidence"]
    assert about["acknowledge_by"] == "2026-03-02T06:40:00Z"
    assert caller.get(f"/exceptions/{about['id']}").json == about


def test_exceptions_are_found_by_team_rule_and_plant(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    assert {each["team"] for each in caller.items("/exceptions", team="aps-team")} == {"aps-team"}
    assert caller.items("/exceptions", plant="GRAZ") == caller.items("/exceptions", rule="nothing") == []
    assert caller.items("/exceptions", state="resolved") == []


def test_an_exception_resolves_itself_and_says_why(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    id = drift_case(caller)
    plantlet.say("aps", 2, {"due_date": due(12)})
    plantlet.record()
    (resolved,) = caller.items("/exceptions", state="resolved")
    assert (resolved["id"], resolved["state"]) == (id, "resolved")
    assert resolved["resolution"]


def test_each_act_is_kept_with_who_did_it(app: Flask, caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    id = drift_case(caller)
    planner = Caller(app.test_client(), make_key(plantlet, "planner"))
    acts = {
        "acknowledge": {"comment": "looking"},
        "assign": {"to": "planning-it"},
        "comment": {"text": "line 1\nline 2"},
        "resolve": {"reason": "set by hand"},
        "reopen": {"reason": "it came back"},
    }
    for action, body in acts.items():
        answer = planner.post(f"/exceptions/{id}/{action}", body)
        assert answer.status_code == 200, answer.text
    history = caller.get(f"/exceptions/{id}").json["history"]
    assert [each["action"] for each in history] == list(acts)
    assert [each["detail"] for each in history] == [next(iter(body.values())) for body in acts.values()]
    assert {each["who"].partition("-")[0] for each in history} == {"key:planner"}
    with reading(plantlet.tower.engine) as connection:
        assert len(audit.latest(connection)) == len(acts)


def test_an_act_that_does_not_fit_is_409(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    id = drift_case(caller)
    assert caller.post(f"/exceptions/{id}/reopen", {"reason": "why not"}).status_code == 409
    assert caller.post(f"/exceptions/{id}/resolve", {"reason": "done"}).status_code == 200
    assert caller.post(f"/exceptions/{id}/resolve", {"reason": "done"}).status_code == 409
    assert caller.post(f"/exceptions/{id}/acknowledge", {}).status_code == 409


@pytest.mark.parametrize(
    ("action", "body", "pointer"),
    [
        ("assign", {}, ""),
        ("assign", {"to": ""}, "/to"),
        ("comment", {"text": 7}, "/text"),
        ("comment", {"text": "a\0b"}, "/text"),
        ("comment", {"text": "x" * 4001}, "/text"),
        ("resolve", {"reason": "  "}, "/reason"),
        ("resolve", {"reason": "x", "more": 1}, ""),
        ("acknowledge", [], ""),
    ],
)
def test_a_body_that_does_not_fit_is_told_with_its_place(
    caller: Caller, action: str, body: object, pointer: str
) -> None:
    answer = caller.post(f"/exceptions/some/{action}", body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.json["errors"][0]["pointer"] == pointer


def test_a_body_of_another_kind_or_size_is_refused(caller: Caller) -> None:
    address = f"{BASE}/exceptions/some/comment"
    post = caller.client.post
    assert post(address, data=b"{}", headers=caller.headers).status_code == 415
    as_json = caller.headers | {"content-type": "application/json"}
    assert post(address, data=b'{"text"', headers=as_json).status_code == 400
    assert post(address, data=b'"\xff"', headers=as_json).status_code == 400
    assert post(address, data=b'{"text":"' + b"x" * 70_000, headers=as_json).status_code == 413


def test_an_exception_that_is_not_there_is_404(caller: Caller) -> None:
    assert caller.get("/exceptions/none").status_code == 404
    assert caller.get("/exceptions/%00").status_code == 404
    assert caller.post("/exceptions/none/comment", {"text": "x"}).status_code == 404
    assert caller.post("/exceptions/%00/comment", {"text": "x"}).status_code == 404


def test_an_executive_may_read_but_not_act(app: Flask, caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    reader = Caller(app.test_client(), make_key(plantlet, "executive"))
    id = drift_case(reader)
    assert reader.post(f"/exceptions/{id}/acknowledge", {}).status_code == 403
