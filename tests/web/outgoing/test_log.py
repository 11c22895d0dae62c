"""One log of both ways, and the interfaces with their switch."""

import csv
import io
import re

from flask.testing import FlaskClient

from tests.web.dead_letters import AWAY, send, tell_orders
from tests.web.outgoing.stage import Stage, settled
from tests.web.test_pages import rows, words


def test_the_log_tells_both_ways_and_leads_to_the_delivery(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    both = rows(desk, "/messages?as=csv")
    assert [each["direction"] for each in both] == ["out", "in"]
    assert [each["state"] for each in rows(desk, "/messages?as=csv&state=faulty")] == ["dead"]
    assert [each["direction"] for each in rows(desk, "/messages?as=csv&order=MO-1000")] == ["out", "in"]
    assert [each["direction"] for each in rows(desk, "/messages?as=csv&q=MO-1000&way=in")] == ["in"]
    assert "No messages match" in words(desk, "/messages?q=xyzzy")
    assert f'href="/deliveries/{dead.id}"' in desk.get("/messages").text
    assert desk.get(f"/messages/{dead.id}").location == f"/deliveries/{dead.id}"
    assert desk.get(f"/messages/{10**30}").status_code == 404
    found = desk.get(f"/search?q={dead.id}")
    assert (found.status_code, found.location) == (303, f"/deliveries/{dead.id}")


def test_the_log_is_paged_by_key_over_both_ways(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(60)
    for sequence in range(1, 31):
        stage.plantlet.say("mes", sequence, {"priority": sequence})
    stage.plantlet.record()
    stage.show()
    first = desk.get("/messages").text
    following = re.search(r'href="(/messages\?before=\d+)"', first)
    assert following is not None
    seen = re.findall(r'id="m-(\d+)"', first) + re.findall(r'id="m-(\d+)"', desk.get(following[1]).text)
    assert len(seen) == len(set(seen)) == 91
    assert seen == sorted(seen, key=int, reverse=True)


def test_an_interface_is_paused_with_a_reason_and_let_go(stage: Stage, desk: FlaskClient) -> None:
    path = "/interfaces/aps/pause"
    assert "Say why" in settled(desk, desk.post(path, data={"why": ""}))
    past = settled(desk, desk.post(path, data={"why": "update", "until": "2026-03-02T05:00"}))
    assert "must lie ahead" in past
    until = {"why": "update to 7.2", "until": "2026-03-02T09:00"}
    text = settled(desk, desk.post(path, data=until))
    assert re.search(r"paused by integration just now ?, until 09:00 ?: update to 7.2", text)
    stage.kill(2)
    assert stage.aps.attempts == []
    (orders,) = [each for each in rows(desk, "/interfaces?as=csv") if each["route"] == "orders-to-aps"]
    assert (orders["state"], orders["backlog"], orders["dead"]) == ("paused", "2", "0")
    assert "draining slowly" in settled(desk, desk.post("/interfaces/aps/resume"))
    assert stage.acts()[:2] == [("integration", "interface.resume"), ("integration", "interface.pause")]
    assert desk.post("/interfaces/nobody/pause", data={"why": "x"}).status_code == 404
    assert desk.post("/interfaces/nobody/resume").status_code == 404


def test_an_open_circuit_is_shown_with_its_error(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(8, outcome=AWAY)
    text = words(desk, "/interfaces")
    assert "circuit open" in text
    assert "Last error: cannot be reached: connection refused" in text
    assert "Not reachable" in text
    assert "1 of 2" in words(desk, "/integration")


def test_what_went_through_is_counted_by_route(stage: Stage, desk: FlaskClient) -> None:
    tell_orders(stage.plantlet, range(7))
    send(stage.plantlet)
    stage.show()
    (orders,) = [each for each in rows(desk, "/interfaces?as=csv") if each["route"] == "orders-to-aps"]
    assert (orders["taken_last_hour"], orders["backlog"]) == ("7", "0")
    assert float(orders["p95_ms"]) >= 0


def test_a_page_that_has_not_changed_costs_no_redraw(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(2)
    for path in ("/integration", "/failures", "/interfaces", "/messages"):
        block = {"HX-Request": "true"}
        tag = desk.get(path, headers=block).headers["ETag"]
        assert desk.get(path, headers=block | {"If-None-Match": tag}).status_code == 304


def test_nothing_is_lost_when_a_list_is_saved(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(1, outcome=AWAY._replace(error="refused", words="=cmd|' /C calc'!A0"))
    saved = desk.get("/failures?as=csv").text
    assert next(csv.DictReader(io.StringIO(saved)))["words"].startswith("'=cmd")
