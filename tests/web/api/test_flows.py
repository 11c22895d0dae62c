"""Flows over the API: figures, the subjects in them, and each decision about a step."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from controltower.store import audit
from controltower.store.engine import reading
from tests.factories import Plantlet
from tests.web.asking import BASE, Caller, make_key, must_keep_to
from tests.web.flowing import NAME, flowing_app, three_orders

Opened = tuple[Flask, Plantlet]


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Iterator[Opened]:
    with flowing_app(engine, tmp_path / "state") as (app, plantlet, aps):
        three_orders(plantlet, aps)
        yield app, plantlet


def step(caller: Caller, key: str, name: str) -> dict[str, Any]:
    found = caller.get(f"/flows/{NAME}/LYON/{key}")
    assert found.status_code == 200, found.text
    return next(each for each in found.json["steps"] if each["name"] == name)  # type: ignore[index]


def items(caller: Caller, **query: str) -> list[dict[str, Any]]:
    answer = caller.get("/flows", **query)
    assert answer.json is not None
    return list(answer.json["items"])


def decide(caller: Caller, key: str, act: str, **said: Any) -> Any:
    return caller.post(f"/flows/{NAME}/LYON/{key}/{act}", {"reason": "agreed by phone"} | said)


def test_each_flow_tells_its_figures_and_where_it_waits(caller: Caller) -> None:
    orders, purchases = items(caller)
    waits = {each["name"]: each["waiting"] for each in orders["steps"]}
    assert waits == {"entered": 0, "valid": 1, "carried": 1, "planned": 0, "started": 1}
    assert (orders["begun"], orders["completed"], orders["completion_rate"]) == (3, 0, None)
    assert (purchases["name"], purchases["begun"], purchases["kind"]) == ("purchase", 0, "purchase")
    assert next(each["wrong"] for each in orders["steps"] if each["name"] == "valid") == 1


def test_figures_are_of_the_days_and_the_plant_asked_for(caller: Caller) -> None:
    for query in ({"from": "2026-03-03"}, {"to": "2026-03-01"}, {"plant": "GRAZ"}):
        assert items(caller, **query)[0]["begun"] == 0
    assert items(caller, **{"from": "2026-03-02", "to": "2026-03-02"})[0]["begun"] == 3


def test_the_subjects_are_listed_by_state_and_step_page_by_page(caller: Caller) -> None:
    assert [each["key"] for each in caller.items(f"/flows/{NAME}", limit=1)] == ["MO-3", "MO-2", "MO-1"]
    assert [each["key"] for each in caller.items(f"/flows/{NAME}", step="valid", limit=1)] == ["MO-2"]
    assert caller.items(f"/flows/{NAME}", state="completed") == []
    assert caller.items(f"/flows/{NAME}", plant="GRAZ") == []


def test_a_step_shows_what_became_of_its_delivery(caller: Caller) -> None:
    carried = step(caller, "MO-1", "carried")
    assert (carried["state"], carried["delivery_state"]) == ("waiting", "dead")
    valid = step(caller, "MO-2", "valid")
    assert (valid["state"], valid["faults"]) == ("wrong", ["the due date lies in the past"])


def test_people_retry_skip_cancel_and_reopen(caller: Caller, plantlet: Plantlet) -> None:
    assert decide(caller, "MO-1", "steps/carried/retry").status_code == 200
    assert step(caller, "MO-1", "carried")["delivery_state"] == "pending"
    skipped = decide(caller, "MO-2", "steps/valid/skip")
    assert skipped.json["waits_at"] == ["carried"]
    assert [each["action"] for each in skipped.json["decisions"]] == ["skip"]
    assert decide(caller, "MO-3", "cancel").json["state"] == "cancelled"
    assert decide(caller, "MO-3", "reopen").json["state"] == "running"
    assert decide(caller, "MO-2", "reopen", step="valid").json["waits_at"] == ["valid"]
    with reading(plantlet.tower.engine) as connection:
        acts = [each.action for each in audit.latest(connection, 10) if each.action.startswith("flow.")]
    assert sorted(acts) == ["flow.cancel", "flow.reopen", "flow.reopen", "flow.retry", "flow.skip"]


def test_what_does_not_fit_is_refused(caller: Caller) -> None:
    assert decide(caller, "MO-1", "steps/entered/skip").status_code == 409
    assert decide(caller, "MO-1", "reopen").status_code == 409
    assert decide(caller, "MO-1", "steps/none/skip").status_code == 404
    assert decide(caller, "MO-9", "cancel").status_code == 404
    assert decide(caller, "MO-1", "cancel", reason="").status_code == 400
    assert caller.get("/flows/none").status_code == caller.get(f"/flows/{NAME}/LYON/MO-9").status_code == 404
    assert caller.get(f"/flows/{NAME}", step="none").status_code == 400


def test_only_planners_and_integration_decide(app: Flask, plantlet: Plantlet) -> None:
    reader = Caller(app.test_client(), make_key(plantlet, "executive"))
    assert reader.get("/flows").status_code == 200
    assert decide(reader, "MO-1", "cancel").status_code == 403


def test_answers_keep_to_the_document(app: Flask, caller: Caller) -> None:
    document = app.test_client().get(f"{BASE}/openapi.json").json
    assert document is not None
    must_keep_to(document, "/flows", caller.get("/flows").json)
    must_keep_to(document, "/flows/{name}", caller.get(f"/flows/{NAME}").json)
    decide(caller, "MO-2", "steps/valid/skip")
    told = caller.get(f"/flows/{NAME}/LYON/MO-2").json
    must_keep_to(document, "/flows/{name}/{plant}/{key}", told)
