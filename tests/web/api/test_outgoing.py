"""Outgoing messages over the API: one log of both ways, the stale guard, groups, runs, routes and their switch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from controltower.pipeline.runs import advance_runs
from controltower.store import audit
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, ScriptedTarget
from tests.web.asking import BASE, OUTGOING, Caller, make_key, must_keep_to, opened_app
from tests.web.dead_letters import AWAY, REFUSED, aimed, kill, outgoing_landscape, send, tell_orders


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    """The app on a tower that carries orders to a scheduler whose answers the test sets."""
    with opened_app(engine, tmp_path / "state", outgoing_landscape()) as made:
        yield made


@pytest.fixture
def aps(app: Flask, plantlet: Plantlet) -> ScriptedTarget:
    scheduler, _ = aimed(plantlet)
    app.extensions["tower"] = app.extensions["pipeline"] = plantlet.tower
    return scheduler


def written_down(plantlet: Plantlet) -> list[tuple[str, str, str]]:
    """(action, target, detail), newest first."""
    with reading(plantlet.tower.engine) as connection:
        return [(each.action, each.target, each.detail) for each in audit.latest(connection)]


def run_to_its_end(plantlet: Plantlet) -> None:
    for _ in range(12):
        advance_runs(plantlet.tower)
        send(plantlet, 5.0)


def test_one_log_tells_both_ways(caller: Caller, plantlet: Plantlet, aps: ScriptedTarget) -> None:
    kill(plantlet, aps, 3)
    every = caller.items("/messages")
    assert [each["direction"] for each in every] == ["out", "out", "out", "in"]
    assert caller.items("/messages", limit=2) == every
    assert [each["direction"] for each in caller.items("/messages", direction="in")] == ["in"]
    assert {each["system"] for each in caller.items("/messages", direction="out")} == {"aps"}
    assert len(caller.items("/messages", state="dead")) == len(caller.items("/messages", state="faulty")) == 3
    assert caller.items("/messages", state="open") == caller.items("/messages", channel="poll") == []
    assert [each["direction"] for each in caller.items("/messages", system="erp")] == ["in"]


def test_messages_are_found_by_order_and_by_what_they_hold(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    kill(plantlet, aps, 3)
    plantlet.say("mes", 1, {"status": "released"}, subject="LYON/order/MO-1001")
    plantlet.record()
    about = caller.items("/messages", order="MO-1001")
    assert [each["direction"] for each in about] == ["in", "out", "in"]
    assert caller.items("/messages", order="MO-1001", direction="out", system="aps") == about[1:2]
    assert caller.items("/messages", order="MO-1001", limit=1) == about
    assert caller.items("/messages", order="MO-1001", plant="GRAZ") == []
    assert [each["system"] for each in caller.items("/messages", q="LYON/order/MO-1001")] == [
        "mes",
        "aps",
        "erp",
    ]
    assert caller.items("/messages", q="no such words anywhere") == []


def test_an_outgoing_message_shows_its_attempts_with_secrets_masked(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    (dead,) = kill(plantlet, aps, 1)
    shown = caller.get(f"/messages/{dead.id}").json
    (attempt,) = shown["attempts"]
    assert (attempt["outcome"], attempt["status"], attempt["error"]) == ("failed", 422, "refused")
    assert "POST /orders" in attempt["request"]
    assert "ct_abcdefgh" not in str(shown)
    assert "s3cret" not in str(shown)
    assert shown["verdict"]["kind"] == "safe"
    assert shown["message"]["words"] == "order MO-1000 has no routing at PRESS-2"
    assert shown["message"]["team"] == "planning"


def test_a_dead_one_is_resubmitted_and_points_back(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    (dead,) = kill(plantlet, aps, 1)
    new = caller.post(f"/messages/{dead.id}/resubmit", {"reason": "routing added"}).json
    assert (new["original"], new["state"], new["key"], new["reason"]) == (
        str(dead.id), "pending", dead.key, "routing added",
    )  # fmt: skip
    assert new["author"].startswith("key:")
    send(plantlet)
    assert caller.get(f"/messages/{new['id']}").json["message"]["state"] == "delivered"
    old = caller.get(f"/messages/{dead.id}").json
    assert (old["message"]["state"], old["message"]["replaced_by"]) == ("resubmitted", new["id"])
    assert old["copies"] == [new["id"]]
    again = caller.post(f"/messages/{dead.id}/resubmit", {"reason": "once more"})
    assert again.status_code == 409
    assert "facts" not in again.json


def test_old_news_is_refused_with_the_newer_facts_until_it_is_confirmed(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    (dead,) = kill(plantlet, aps, 1)
    plantlet.clock.move(MINUTE)
    tell_orders(plantlet, [1000], sequence=2, day=12)
    send(plantlet)
    path = f"/messages/{dead.id}/resubmit"
    refused = caller.post(path, {"reason": "try again"})
    assert (refused.status_code, refused.mimetype) == (409, "application/problem+json")
    facts = refused.json["facts"]
    assert any(fact.get("delivery") for fact in facts)
    assert len(aps.booked) == 1
    forced = caller.post(path, {"reason": "they asked for it", "confirm_stale": True})
    assert (forced.status_code, forced.json["forced"]) == (200, True)
    assert written_down(plantlet)[0][0] == "delivery.force"


def test_an_edit_is_checked_at_its_places(caller: Caller, plantlet: Plantlet, aps: ScriptedTarget) -> None:
    (dead,) = kill(plantlet, aps, 1)
    path = f"/messages/{dead.id}/resubmit"
    wrong = {"quantity": {"value": "many", "unit": "EA"}, "item": "OTHER"}
    refused = caller.post(path, {"reason": "mended", "body": {"attributes": wrong}})
    assert refused.status_code == 400
    assert {each["pointer"] for each in refused.json["errors"]} == {
        "/body/attributes/quantity", "/body/attributes/item",
    }  # fmt: skip
    good = {"quantity": {"value": "125", "unit": "EA"}, "due_date": "2026-03-10T18:00:00+01:00"}
    new = caller.post(path, {"reason": "mended", "body": {"attributes": good}}).json
    assert new["edited"] is True
    assert new["attributes"]["quantity"] == {"value": "125", "unit": "EA"}
    assert new["attributes"]["due_date"]["value"] == "2026-03-10T17:00:00Z"
    assert new["key"] != dead.key


def test_it_is_discarded_once(caller: Caller, plantlet: Plantlet, aps: ScriptedTarget) -> None:
    (dead,) = kill(plantlet, aps, 1)
    gone = caller.post(f"/messages/{dead.id}/discard", {"reason": "made by hand"})
    assert (gone.status_code, gone.json["state"]) == (200, "cancelled")
    assert written_down(plantlet)[0] == ("delivery.discard", str(dead.id), "made by hand")
    assert caller.post(f"/messages/{dead.id}/discard", {"reason": "again"}).status_code == 409


def test_a_follower_is_told_the_present_values(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    (dead,) = kill(plantlet, aps, 1)
    plantlet.clock.move(MINUTE)
    tell_orders(plantlet, [1000], sequence=2, day=12)
    send(plantlet)
    (new,) = caller.post(f"/messages/{dead.id}/resync", {"reason": "to be sure"}).json
    assert new["attributes"]["due_date"]["value"] == "2026-03-12T17:00:00Z"
    assert new["reason"] == "to be sure"


@pytest.mark.parametrize("action", ["resubmit", "resync", "discard"])
def test_only_the_integration_desk_acts_and_says_why(
    app: Flask, caller: Caller, plantlet: Plantlet, aps: ScriptedTarget, action: str
) -> None:
    (dead,) = kill(plantlet, aps, 1)
    path = f"/messages/{dead.id}/{action}"
    planner = Caller(app.test_client(), make_key(plantlet, "planner"))
    assert planner.post(path, {"reason": "mine"}).status_code == 403
    assert caller.post(path, {}).status_code == 400
    assert caller.post(path, {"reason": "  "}).status_code == 400
    assert caller.post(f"/messages/17/{action}", {"reason": "x"}).status_code == 404
    assert caller.get(f"/messages/{dead.id}").json["message"]["state"] == "dead"


def test_failure_groups_say_whose_and_since_when(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    kill(plantlet, aps, 4)
    plantlet.clock.move(MINUTE)
    for number in range(3):
        plantlet.say("mes", 1, {"quantity": {"value": "x", "unit": "EA"}}, subject=f"LYON/order/P-{number}")
    plantlet.record()
    unreadable, dead = caller.items("/failures")
    assert (dead["direction"], dead["number"], dead["team"], dead["title"]) == (
        "out",
        4,
        "planning",
        "Refused",
    )
    assert (dead["attempts"], sum(dead["trend"])) == (4, 4)
    assert dead["breaks_at"] > dead["last_failed_at"]
    assert (unreadable["direction"], unreadable["number"], unreadable["team"]) == ("in", 3, "mes-team")
    assert caller.get(f"/failures/{dead['id']}").json == dead
    assert caller.get(f"/failures/{unreadable['id']}").json == unreadable
    assert caller.items("/failures", direction="out") == caller.items("/failures", system="aps") == [dead]
    assert caller.items("/failures", plant="GRAZ") == caller.items("/failures", team="nobody") == []
    assert caller.get("/failures/none").status_code == 404
    refused = caller.post(f"/failures/{unreadable['id']}/resubmit", {"reason": "x"})
    assert refused.status_code == 409


def rehearsed(caller: Caller, path: str, **terms: Any) -> dict[str, Any]:
    found = caller.post(path, {"reason": "to see", "dry_run": True} | terms)
    assert found.status_code == 200, found.text
    return found.json  # type: ignore[no-any-return]


def test_a_group_is_rehearsed_and_sent_again(caller: Caller, plantlet: Plantlet, aps: ScriptedTarget) -> None:
    kill(plantlet, aps, 6)
    plantlet.clock.move(MINUTE)
    tell_orders(plantlet, [1000, 1001], sequence=2, day=12)
    send(plantlet)
    (group,) = caller.items("/failures")
    path = f"/failures/{group['id']}/resubmit"
    counts = rehearsed(caller, path)
    assert (counts["kind"], counts["total"], counts["safe"], counts["superseded"]) == ("rehearsal", 6, 4, 2)
    assert len(aps.booked) == 2
    refused = caller.post(path, {"reason": "all", "include": ["safe", "superseded"]})
    assert refused.status_code == 409
    assert refused.json["facts"]
    run = caller.post(path, {"reason": "routing added"}).json
    assert (run["kind"], run["state"], run["total"], run["outcomes"]["waiting"]) == ("run", "running", 6, 4)
    run_to_its_end(plantlet)
    after = caller.get(f"/runs/{run['id']}").json
    assert (after["outcomes"]["delivered"], after["outcomes"]["superseded"]) == (4, 2)
    assert after["sent"] == 4
    items = caller.items(f"/runs/{run['id']}/items", limit=4)
    assert [each["place"] for each in items] == [1, 2, 3, 4, 5, 6]
    taken = caller.items(f"/runs/{run['id']}/items", outcome="delivered")
    assert {each["verdict"] for each in taken} == {"safe"}
    assert [each["id"] for each in caller.items("/runs")] == [run["id"]]


def test_a_run_is_paused_goes_on_and_is_cancelled(
    app: Flask, caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    kill(plantlet, aps, 5)
    run = caller.post("/runs", {"reason": "by filter", "system": "aps"}).json
    path = f"/runs/{run['id']}"
    planner = Caller(app.test_client(), make_key(plantlet, "planner"))
    assert planner.post(f"{path}/pause", None).status_code == 403
    assert caller.post(f"{path}/pause", None).json["state"] == "paused"
    assert caller.post(f"{path}/pause", None).status_code == 409
    run_to_its_end(plantlet)
    assert caller.get(path).json["outcomes"]["waiting"] == 5
    assert caller.post(f"{path}/go-on", None).json["state"] == "running"
    ended = caller.post(f"{path}/cancel", None).json
    assert (ended["state"], ended["outcomes"]["skipped"]) == ("cancelled", 5)
    assert caller.get("/runs/999").status_code == caller.get("/runs/x").status_code == 404


def test_a_selection_by_number_or_filter_is_rehearsed(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    first, *_ = kill(plantlet, aps, 3)
    assert rehearsed(caller, "/runs", route="orders-to-aps")["total"] == 3
    assert rehearsed(caller, "/runs", messages=[str(first.id)])["total"] == 1
    assert rehearsed(caller, "/runs", plant="GRAZ")["total"] == 0
    assert caller.post("/runs", {"reason": "x", "plant": "GRAZ"}).status_code == 409
    assert caller.post("/runs", {"reason": "x", "messages": ["one"]}).status_code == 400
    assert caller.post("/runs", {"reason": "x", "include": ["all"]}).status_code == 400


def test_routes_tell_state_backlog_and_speed(caller: Caller, plantlet: Plantlet, aps: ScriptedTarget) -> None:
    tell_orders(plantlet, range(5))
    send(plantlet)
    kill(plantlet, aps, 2)
    routes = {each["route"]: each for each in caller.items("/routes")}
    orders = routes["orders-to-aps"]
    assert (orders["taken_last_hour"], orders["dead"], orders["backlog"]) == (5, 2, 0)
    assert orders["p95_ms"] >= 0
    assert (orders["gate"]["system"], orders["gate"]["state"]) == ("aps", "running")
    plantlet.say("mes", 1, {"quantity_good": {"value": "1", "unit": "EA"}})
    plantlet.record()
    confirmations = {each["route"]: each for each in caller.items("/routes")}["confirmations-to-erp"]
    assert (confirmations["backlog"], confirmations["oldest_at"]) == (1, "2026-03-02T06:00:00Z")
    assert caller.items("/routes", plant="GRAZ") == []


def test_a_target_is_paused_and_let_go_again(
    app: Flask, caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    paused = caller.post("/systems/aps/pause", {"reason": "update", "until": "2026-03-02T07:00:00Z"}).json
    assert (paused["state"], paused["why"], paused["until"]) == ("paused", "update", "2026-03-02T07:00:00Z")
    assert caller.get("/systems/aps").json["gate"]["state"] == "paused"
    kill(plantlet, aps, 2)
    assert aps.attempts == []
    assert caller.items("/routes")[0]["backlog"] == 2
    resumed = caller.post("/systems/aps/resume", {})
    assert (resumed.status_code, resumed.json["state"]) == (200, "draining")
    assert [each[:2] for each in written_down(plantlet)[:2]] == [
        ("interface.resume", "aps"), ("interface.pause", "aps"),
    ]  # fmt: skip
    assert caller.post("/systems/nobody/pause", {"reason": "x"}).status_code == 404
    early = {"reason": "x", "until": "2026-03-02T05:00:00Z"}
    assert caller.post("/systems/aps/pause", early).status_code == 400
    planner = Caller(app.test_client(), make_key(plantlet, "planner"))
    assert planner.post("/systems/aps/pause", {"reason": "x"}).status_code == 403


def test_an_open_circuit_is_told_with_its_trial(
    caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    kill(plantlet, aps, 8, AWAY)
    gate = caller.get("/systems/aps").json["gate"]
    assert gate["state"] == "circuit-open"
    assert "connection refused" in gate["last_error"]
    assert gate["until"] > "2026-03-02T06:00:00Z"
    assert gate["backlog"] == 8
    assert REFUSED.words not in gate["last_error"]


def test_answers_keep_to_the_document(
    app: Flask, caller: Caller, plantlet: Plantlet, aps: ScriptedTarget
) -> None:
    document: dict[str, Any] = app.test_client().get(f"{BASE}/openapi.json").get_json()
    dead, *_ = kill(plantlet, aps, 3)
    assert {f"{BASE}{path}" for path in OUTGOING} <= document["paths"].keys()
    run = caller.post("/runs", {"reason": "to see", "messages": [str(dead.id)]}).json["id"]
    asked = ("/failures", f"/failures/{dead.group}", "/routes", "/runs", f"/runs/{run}", f"/runs/{run}/items")
    for path, address in zip(OUTGOING, asked, strict=True):
        must_keep_to(document, path, caller.get(address).json)
    for path, address in (
        ("/messages", "/messages"), ("/messages/{id}", f"/messages/{dead.id}"), ("/systems", "/systems"),
    ):  # fmt: skip
        must_keep_to(document, path, caller.get(address).json)
