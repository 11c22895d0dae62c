"""The pages of flows: where they wait, who is behind each number, and what a person may do about it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.domain.clock import Clock
from controltower.store.engine import connect
from controltower.web.login import limiter
from tests.factories import Plantlet
from tests.web.asking import make_key
from tests.web.conftest import add_people
from tests.web.flowing import NAME, flowing_app, three_orders
from tests.web.test_pages import rows, words


@pytest.fixture
def told(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    engine = connect(sqlite_url)
    with flowing_app(engine, tmp_path / "state") as (app, plantlet, aps):
        three_orders(plantlet, aps)
        still = Clock(0.0, plantlet.clock.now().timestamp(), 1.0, time=lambda: 0.0)
        app.extensions["tower"] = replace(plantlet.tower, clock=still)
        add_people(plantlet)
        limiter.reset()
        yield app, plantlet
    engine.dispose()


def test_the_overview_says_where_each_flow_waits(planner: FlaskClient) -> None:
    text = words(planner, "/flows")
    assert "Order to start" in text
    assert "3 begun in the period" in text
    assert "not enough ended yet" in text
    steps = {row["step"]: row for row in rows(planner, "/flows?as=csv") if row["flow"] == NAME}
    assert {name: row["waiting"] for name, row in steps.items()} == {
        "entered": "0", "valid": "1", "carried": "1", "planned": "0", "started": "1",
    }  # fmt: skip
    assert (steps["valid"]["wrong"], steps["carried"]["wrong"], steps["started"]["wrong"]) == ("1", "1", "0")


def test_a_step_opens_the_orders_that_wait_there(planner: FlaskClient) -> None:
    text = words(planner, f"/flows/{NAME}?step=valid")
    assert "Waiting at “Validated”" in text
    assert "MO-2" in text
    assert "MO-1" not in text
    assert [row["key"] for row in rows(planner, f"/flows/{NAME}?as=csv&step=valid")] == ["MO-2"]
    assert len(rows(planner, f"/flows/{NAME}?as=csv")) == 3


def test_nothing_to_show_is_said_in_words(planner: FlaskClient) -> None:
    assert "None was completed yet" in words(planner, f"/flows/{NAME}?state=completed")
    assert "None was cancelled" in words(planner, f"/flows/{NAME}?state=cancelled")
    assert "Nobody waits here" in words(planner, f"/flows/{NAME}?step=planned")
    assert "None is under way" in words(planner, "/flows/purchase?after=nonsense")


@pytest.mark.parametrize(
    "path",
    ["/flows/none", f"/flows/{NAME}?step=none", f"/flows/{NAME}/LYON/MO-9", "/flows/purchase/LYON/MO-1"],
)
def test_what_is_not_there_is_not_found(planner: FlaskClient, path: str) -> None:
    assert planner.get(path).status_code == 404


def test_one_order_shows_each_step_with_its_delivery(planner: FlaskClient) -> None:
    text = words(planner, f"/flows/{NAME}/LYON/MO-1")
    assert "dead letter" in text
    assert "The order has no routing. Mend that, then retry." in text
    assert "The due date lies in the past" in words(planner, f"/flows/{NAME}/LYON/MO-2")
    assert "Order to start" in words(planner, "/orders/LYON/MO-1")


@pytest.mark.parametrize("path", ["/flows", f"/flows/{NAME}", f"/flows/{NAME}/LYON/MO-1"])
def test_what_refreshes_itself_is_the_same_part_of_the_page(planner: FlaskClient, path: str) -> None:
    part = planner.get(path, headers={"HX-Request": "true", "HX-Target": "live"})
    assert part.status_code == 200
    assert part.text.strip() in planner.get(path).text


def decide(client: FlaskClient, act: str, key: str, **form: str) -> str:
    answer = client.post(f"/flow/{NAME}/LYON/{act}/{key}", data=form)
    assert answer.status_code == 303, answer.text
    return words(client, answer.location)


def test_decisions_are_made_with_a_reason_and_shown(planner: FlaskClient) -> None:
    assert "Say why, in a few words." in decide(planner, "skip", "MO-2", step="valid")
    text = decide(planner, "skip", "MO-2", step="valid", reason="agreed by phone")
    assert "The step is skipped" in text
    assert "agreed by phone" in text
    assert "It is open again" in decide(planner, "reopen", "MO-2", step="valid", reason="not so")
    retried = decide(planner, "retry", "MO-1", step="carried", reason="the routing is there")
    assert "The step is tried again" in retried
    assert "dead letter" not in retried
    assert "cancelled" in decide(planner, "cancel", "MO-3", reason="the customer withdrew")
    assert "by planner: the customer withdrew" in words(planner, f"/flows/{NAME}?state=cancelled")


@pytest.mark.parametrize(("act", "key"), [("skip", "MO-9"), ("explode", "MO-1")])
def test_a_decision_about_nothing_is_not_found(planner: FlaskClient, act: str, key: str) -> None:
    assert planner.post(f"/flow/{NAME}/LYON/{act}/{key}", data={"reason": "why not"}).status_code == 404


def test_metrics_tell_where_flows_wait(told: tuple[Flask, Plantlet]) -> None:
    app, plantlet = told
    key = make_key(plantlet, "integration")
    text = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {key}"}).text
    assert f'tower_flow_waiting{{flow="{NAME}",step="valid"}} 1.0' in text
    assert f'tower_flow_wrong{{flow="{NAME}",step="carried"}} 1.0' in text


def test_who_only_reads_decides_nothing(as_role: Callable[[str], FlaskClient]) -> None:
    executive = as_role("executive")
    assert "Cancel the flow" not in words(executive, f"/flows/{NAME}/LYON/MO-1")
    assert executive.post(f"/flow/{NAME}/LYON/cancel/MO-1", data={"reason": "x"}).status_code == 403


def test_what_is_completed_counts_and_is_listed(told: tuple[Flask, Plantlet], planner: FlaskClient) -> None:
    plantlet = told[1]
    started = {"subject": "LYON/operation/MO-3/10", "type": "operation.started"}
    plantlet.say("mes", 1, {"status": "running"}, **started)
    plantlet.record()
    assert "100 % completed in time, of 1" in words(planner, "/flows")
    text = words(planner, f"/flows/{NAME}?state=completed")
    assert "MO-3" in text
    assert "in time" in text
    assert "completed" in words(planner, f"/flows/{NAME}/LYON/MO-3")
    assert rows(planner, f"/flows/{NAME}?as=csv&state=completed")[0]["state"] == "completed"
