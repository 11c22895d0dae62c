"""The integration desk's pages on a small tower that carries orders: what is stuck, and sending it again."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from controltower.domain.clock import Clock
from controltower.domain.delivery import Delivery
from controltower.pipeline.detect import detect
from controltower.pipeline.runs import advance_runs
from controltower.store import audit, delivery
from controltower.store.engine import connect, reading
from controltower.web.login import limiter
from tests.factories import MINUTE, Plantlet, due
from tests.web.asking import opened_app
from tests.web.conftest import add_people
from tests.web.dead_letters import AWAY, aimed, kill, outgoing_landscape, send, tell_orders
from tests.web.test_pages import rows, words

AsRole = Callable[[str], FlaskClient]


class Stage:
    """The app, its tower and its scheduler; `show` lets the pages' clock catch up with the tower's."""

    def __init__(self, app: Flask, plantlet: Plantlet) -> None:
        self.app, self.plantlet = app, plantlet
        self.aps, self.erp = aimed(plantlet)
        self.show()

    def show(self) -> None:
        still = Clock(0.0, self.plantlet.clock.now().timestamp(), 1.0, time=lambda: 0.0)
        parts = replace(self.plantlet.tower, clock=still)
        self.app.extensions["tower"] = self.app.extensions["pipeline"] = parts

    def kill(self, count: int, **changed: object) -> list[Delivery]:
        dead = kill(self.plantlet, self.aps, count, **changed)  # type: ignore[arg-type]
        self.show()
        return dead

    def say_newer(self, *numbers: int) -> None:
        """The ERP moves the due date of some orders; the scheduler takes it."""
        self.plantlet.clock.move(MINUTE)
        tell_orders(self.plantlet, numbers, sequence=2, day=12)
        send(self.plantlet)
        self.show()

    def state_of(self, id: int) -> str:
        with reading(self.plantlet.tower.engine) as connection:
            found = delivery.get(connection, id)
        assert found is not None
        return found.state

    def acts(self) -> list[tuple[str, str]]:
        """(who, action) of the audit log, newest first."""
        with reading(self.plantlet.tower.engine) as connection:
            return [(each.who, each.action) for each in audit.latest(connection)]


@pytest.fixture
def told(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    """The app on a tower that carries orders; nothing has happened yet."""
    engine = connect(sqlite_url)
    with opened_app(engine, tmp_path / "state", outgoing_landscape()) as (app, plantlet):
        add_people(plantlet)
        limiter.reset()
        yield app, plantlet
    engine.dispose()


@pytest.fixture
def stage(told: tuple[Flask, Plantlet]) -> Stage:
    return Stage(*told)


@pytest.fixture
def desk(stage: Stage, as_role: AsRole) -> FlaskClient:
    """A browser of the integration desk."""
    return as_role("integration")


def settled(desk: FlaskClient, answer: TestResponse) -> str:
    """The words of the page to which an act leads."""
    assert answer.status_code == 303, answer.text
    return words(desk, answer.location)


# ---- what is stuck ----------------------------------------------------------------------------------------------


def test_the_home_says_what_is_stuck_since_when_and_whose(stage: Stage, desk: FlaskClient) -> None:
    assert "Nothing is stuck" in words(desk, "/integration")
    stage.kill(3)
    stage.plantlet.clock.move(70 * MINUTE)
    stage.plantlet.say("mes", 1, {"quantity": {"value": "x", "unit": "EA"}})
    stage.plantlet.record()
    stage.show()
    text = words(desk, "/integration")
    assert "3 dead letters, oldest 1 h 10 min ago" in text
    assert "1 messages not readable" in text
    assert "Could not be read" in text
    assert "Planning systems" in text
    assert "10 min over" in text  # the promise of one hour
    assert "Refused 3" in text


def test_the_map_shows_the_ways_and_what_goes_along_them(stage: Stage, desk: FlaskClient) -> None:
    tell_orders(stage.plantlet, range(7))
    send(stage.plantlet)
    stage.kill(2)
    page = desk.get("/integration").text
    assert (
        "ERP Lyon → Scheduler: Orders to the scheduler; running; 7 deliveries taken in the last hour" in page
    )
    assert "MES Lyon → ERP Lyon: Confirmations to the ERP; running; 0 deliveries" in page
    assert 'aria-label="Scheduler: never heard, 2 dead"' in page
    assert page.count('marker-end') == 2
    assert 'class="node ' not in desk.get("/integration?plant=GRAZ").text


def test_a_failure_group_is_one_row_with_its_owner_and_trend(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(4)
    stage.kill(2, outcome=AWAY._replace(error="gone", words="no such order {order}", status=404))
    first, second = rows(desk, "/failures?as=csv&sort=-number")
    assert (first["number"], first["attempts"], first["team"], first["error"]) == (
        "4",
        "4",
        "planning",
        "refused",
    )
    assert (second["number"], second["error"]) == ("2", "gone")
    page = desk.get("/failures").text
    assert "Failed in the last twelve hours: 4, in the last one 4" in page
    assert rows(desk, "/failures?as=csv&way=in") == rows(desk, "/failures?as=csv&team=nobody") == []
    assert "No failure matches" in words(desk, "/failures?system=mes")


@pytest.mark.parametrize("sort", ["number", "-attempts", "first", "-last", "due", "-team", "nonsense"])
def test_every_sort_keeps_every_group(stage: Stage, desk: FlaskClient, sort: str) -> None:
    stage.kill(2)
    stage.kill(1, outcome=AWAY._replace(error="gone", words="unknown"))
    assert len(rows(desk, f"/failures?as=csv&sort={sort}")) == 2


def test_what_could_not_be_read_is_read_again_in_place(stage: Stage, desk: FlaskClient) -> None:
    for number in range(3):
        broken = {"quantity": {"value": f"{number} dozen", "unit": "EA"}}
        stage.plantlet.say("mes", 1, broken, subject=f"LYON/order/P-{number}")
    stage.plantlet.record()
    (group,) = rows(desk, "/failures?as=csv")
    assert (group["way"], group["number"], group["team"]) == ("in", "3", "mes-team")
    page = words(desk, f"/failures/{group['group']}")
    assert "Reprocess 3" in page
    assert "/data/attributes/quantity" in page
    after = settled(desk, desk.post(f"/failures/{group['group']}/reprocess"))
    assert "Read 3 messages again; 3 still cannot be read." in after
    assert stage.acts()[0] == ("integration", "message.reprocess")


def test_a_group_that_is_gone_says_so(stage: Stage, desk: FlaskClient) -> None:
    assert "Nothing of this group is left" in words(desk, "/failures/0123456789abcdef")
    assert desk.get("/failures/nonsense").status_code == 404


# ---- many at once -----------------------------------------------------------------------------------------------


def test_the_rehearsal_counts_and_each_count_opens_its_list(stage: Stage, desk: FlaskClient) -> None:
    group = stage.kill(5)[0].group
    stage.say_newer(1000, 1001)
    rehearsal = words(desk, f"/failures/{group}?rehearse=1")
    assert re.search(r"3 safe .* 2 superseded .* 0 blocked .* 0 already delivered", rehearsal)
    assert "Resubmit 3 safe ones" in rehearsal
    stale = desk.get(f"/failures/{group}?verdict=superseded").text
    assert re.findall(r'id="k-\d+"[^>]*>([^<]+)<', stale) == ["MO-1000", "MO-1001"]
    assert "has since been told something newer" in stale
    assert "None of them is blocked" in words(desk, f"/failures/{group}?verdict=blocked")


def test_a_group_is_sent_again_and_its_progress_is_truthful(stage: Stage, desk: FlaskClient) -> None:
    group = stage.kill(5)[0].group
    stage.say_newer(1000)
    began = desk.post(f"/failures/{group}/resubmit", data={"reason": "routing added"})
    page = settled(desk, began)
    assert "0 of 4 taken by the target, 0 applied" in page
    for _ in range(6):
        advance_runs(stage.app.extensions["tower"])
        send(stage.plantlet, 5.0)
    page = words(desk, began.location)
    assert "4 of 4 taken by the target, 0 applied" in page
    assert "1 superseded" in page
    told = {"due_date": due(9), "item": "PUMP-7",
            "quantity": {"value": "120", "unit": "EA"}, "status": "firm"}  # fmt: skip
    for number in range(1001, 1005):
        stage.plantlet.say("aps", 1, told, subject=f"LYON/order/MO-{number}")
    stage.plantlet.record()
    assert "4 of 4 taken by the target, 4 applied" in words(desk, began.location)
    items = rows(desk, f"{began.location}?as=csv&outcome=applied")
    assert {each["verdict"] for each in items} == {"safe"}
    assert "routing added" in words(desk, "/runs")
    assert "routing added" in words(desk, f"/failures/{group}")


def test_old_news_goes_only_when_it_is_ticked_twice(stage: Stage, desk: FlaskClient) -> None:
    group = stage.kill(2)[0].group
    stage.say_newer(1000, 1001)
    path, asked = f"/failures/{group}/resubmit", {"reason": "all of it", "include": ["safe", "superseded"]}
    assert "would tell old news" in settled(desk, desk.post(path, data=asked))
    assert len(stage.aps.booked) == 2
    began = desk.post(path, data=asked | {"confirm_stale": "1"})
    assert "Old news was confirmed" in settled(desk, began)


def test_all_that_fits_a_filter_is_rehearsed_and_sent(stage: Stage, desk: FlaskClient) -> None:
    stage.kill(2)
    stage.kill(1, outcome=AWAY._replace(error="gone", words="unknown"))
    stage.say_newer(1001)
    page = words(desk, "/failures/rehearsal?system=aps&route=orders-to-aps")
    assert "All dead letters to Scheduler, Orders to the scheduler" in page
    assert re.search(r"2 safe .* 1 superseded", page)
    stale = desk.get("/failures/rehearsal?system=aps&verdict=superseded").text
    assert re.findall(r'id="k-\d+"[^>]*>([^<]+)<', stale) == ["MO-1001"]
    assert re.search(r"0 safe .* 0 superseded", words(desk, "/failures/rehearsal?plant=GRAZ"))
    empty = desk.post("/failures/rehearsal?system=erp", data={"reason": "none there"})
    assert "There is nothing to send." in settled(desk, empty)
    began = desk.post("/failures/rehearsal?system=aps", data={"reason": "both mended"})
    assert "0 of 2 taken by the target" in settled(desk, began)


def test_a_run_is_paused_goes_on_and_is_cancelled(stage: Stage, desk: FlaskClient) -> None:
    group = stage.kill(3)[0].group
    run = desk.post(f"/failures/{group}/resubmit", data={"reason": "try"}).location
    assert "Paused. What was handed over takes its course." in settled(desk, desk.post(f"{run}/pause"))
    assert "It goes on" in settled(desk, desk.post(f"{run}/go-on"))
    assert "Cancelled." in settled(desk, desk.post(f"{run}/cancel"))
    assert desk.post(f"{run}/explode").status_code == 404
    assert desk.post("/runs/99/pause").status_code == 404
    assert desk.get("/runs/99").status_code == 404


def test_a_group_is_discarded_with_a_reason(stage: Stage, desk: FlaskClient) -> None:
    group = stage.kill(3)[0].group
    assert "Say why" in settled(desk, desk.post(f"/failures/{group}/discard", data={"reason": " "}))
    gone = settled(desk, desk.post(f"/failures/{group}/discard", data={"reason": "made by hand"}))
    assert "Discarded 3 deliveries." in gone
    assert "Nothing is stuck" in gone


# ---- one delivery -----------------------------------------------------------------------------------------------


def test_a_delivery_shows_every_attempt_with_secrets_masked(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    page = desk.get(f"/deliveries/{dead.id}").text
    text = words(desk, f"/deliveries/{dead.id}")
    assert "Refused: order MO-1000 has no routing at PRESS-2" in text
    assert "POST /orders HTTP/1.1" in text
    assert "ct_abcdefgh" not in page
    assert "s3cret" not in page
    assert dead.key in text
    assert "Nothing else about MO-1000 is on its way to Scheduler." in text
    assert desk.get("/deliveries/17").status_code == 404
    assert desk.get(f"/deliveries/{10**30}").status_code == 404


def test_it_is_resubmitted_and_both_are_linked(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    new = desk.post(f"/deliveries/{dead.id}/resubmit", data={"reason": "routing added"})
    text = settled(desk, new)
    assert "Resubmitted: this is the new delivery." in text
    assert "to be sent" in text
    assert f"/deliveries/{dead.id}" in desk.get(new.location).text
    old = words(desk, f"/deliveries/{dead.id}")
    assert "resubmitted by integration: routing added" in old
    assert ("integration", "delivery.resubmit") in stage.acts()
    again = settled(desk, desk.post(f"/deliveries/{dead.id}/resubmit", data={"reason": "twice"}))
    assert "Another delivery has taken its place already" in again


def test_the_stale_guard_shows_what_is_newer_and_asks_again(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    stage.say_newer(1000)
    path = f"/deliveries/{dead.id}"
    assert "Scheduler has since been told something newer." in words(desk, path)
    asked = desk.post(f"{path}/resubmit", data={"reason": "again"})
    assert asked.status_code == 409
    assert "Nothing was sent." in asked.text
    assert 'name="confirm_stale"' in asked.text
    assert 'value="again"' in asked.text
    assert stage.state_of(dead.id) == "dead"
    forced = desk.post(f"{path}/resubmit", data={"reason": "again", "confirm_stale": "1"})
    assert "sent against newer news" in settled(desk, forced)
    assert stage.acts()[0] == ("integration", "delivery.force")


def test_the_present_values_go_instead(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    stage.say_newer(1000)
    new = desk.post(f"/deliveries/{dead.id}/resync", data={"reason": "to be sure"})
    text = settled(desk, new)
    assert "The present values are on their way" in text
    assert "Thu 12 Mar 18:00" in text


def test_what_was_taken_and_is_not_shown_is_told_again(stage: Stage, desk: FlaskClient) -> None:
    tell_orders(stage.plantlet, [7])
    send(stage.plantlet)
    (taken,) = rows(desk, "/messages?as=csv&way=out&state=delivered")
    stage.plantlet.clock.move(90 * MINUTE)
    stage.show()
    page = words(desk, f"/deliveries/{taken['id']}")
    assert "It should have shown it 30 min ago." in page
    new = desk.post(f"/deliveries/{taken['id']}/resync", data={"reason": "it lost it"})
    assert "The present values are on their way" in settled(desk, new)


def test_a_follower_that_disagrees_is_resynced_from_the_order(stage: Stage, desk: FlaskClient) -> None:
    tell_orders(stage.plantlet, [7])
    send(stage.plantlet)
    stage.plantlet.say("aps", 1, {"due_date": due(2)}, subject="LYON/order/MO-7")
    stage.plantlet.record()
    stage.plantlet.clock.move(60 * MINUTE)
    detect(stage.plantlet.tower)
    stage.show()
    assert "Resync Scheduler" in words(desk, "/orders/LYON/MO-7")
    asked = {"subject": "LYON/order/MO-7", "target": "aps", "reason": "it never moved it"}
    text = settled(desk, desk.post("/resync", data=asked))
    assert "Mon 9 Mar 18:00" in text
    assert stage.acts()[0] == ("integration", "delivery.resync")
    refused = desk.post("/resync", data=asked | {"target": "mes"})
    assert "No route carries" in settled(desk, refused)
    assert desk.post("/resync", data=asked | {"subject": "nonsense"}).status_code == 400


def test_an_edit_is_checked_shown_and_only_then_sent(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    path = f"/deliveries/{dead.id}/edit"
    form = desk.get(path).text
    assert re.search(r'id="a-item" value="PUMP-7" disabled', form)
    assert 'value="2026-03-09T18:00:00"' in form  # 17:00 UTC on Lyon's clock
    typed = {"a-due_date": "2026-03-09T18:00", "a-quantity": "many", "u-quantity": "EA"}
    wrong = desk.post(path, data=typed)
    assert wrong.status_code == 422
    assert re.search(r'id="e-quantity">.*?is no decimal number', wrong.text, re.DOTALL)
    same = desk.post(path, data=typed | {"a-quantity": "120"})
    assert (same.status_code, "Nothing is changed yet." in same.text) == (422, True)
    typed = {"a-due_date": "2026-03-10T08:00", "a-quantity": "125", "u-quantity": "EA"}
    shown = desk.post(path, data=typed)
    assert "<del>120 EA</del>" in shown.text
    assert "<ins>125 EA</ins>" in shown.text
    assert stage.state_of(dead.id) == "dead"
    sent = desk.post(path, data=typed | {"send": "1", "reason": "typing error"})
    text = settled(desk, sent)
    assert "edited" in text
    assert "Tue 10 Mar 08:00" in text
    assert "typing error" in text


def test_a_locked_attribute_cannot_be_forced_through_the_form(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    forged = {"a-item": "OTHER", "send": "1", "reason": "sly"}
    answer = desk.post(f"/deliveries/{dead.id}/edit", data=forged)
    assert answer.status_code == 422
    assert "locked" in answer.text
    assert stage.state_of(dead.id) == "dead"


def test_an_edited_one_that_is_old_news_asks_again_too(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    stage.say_newer(1000)
    typed = {"a-quantity": "125", "u-quantity": "EA", "send": "1", "reason": "typing error"}
    asked = desk.post(f"/deliveries/{dead.id}/edit", data=typed)
    assert asked.status_code == 409
    assert 'name="confirm_stale"' in asked.text
    forced = desk.post(f"/deliveries/{dead.id}/edit", data=typed | {"confirm_stale": "1"})
    assert "sent against newer news" in settled(desk, forced)


def test_it_is_discarded_once(stage: Stage, desk: FlaskClient) -> None:
    (dead,) = stage.kill(1)
    path = f"/deliveries/{dead.id}/discard"
    assert "Say why" in settled(desk, desk.post(path, data={"reason": ""}))
    assert "Discarded." in settled(desk, desk.post(path, data={"reason": "made by hand"}))
    assert stage.state_of(dead.id) == "cancelled"
    assert "cannot be discarded any more" in settled(desk, desk.post(path, data={"reason": "again"}))


def test_a_lane_tells_what_goes_first(stage: Stage, desk: FlaskClient) -> None:
    stage.erp.answers = [AWAY]
    for sequence in (1, 2):
        stage.plantlet.say("mes", sequence, {"quantity_good": {"value": str(sequence), "unit": "EA"}})
    stage.plantlet.record()
    send(stage.plantlet)
    stage.show()
    waiting, retrying = rows(desk, "/messages?as=csv&way=out")
    assert (waiting["state"], retrying["state"]) == ("waiting", "retrying")
    assert "before it" in words(desk, f"/deliveries/{waiting['id']}")
    assert "behind it" in words(desk, f"/deliveries/{retrying['id']}")
    assert "tried again by itself" in words(desk, f"/deliveries/{retrying['id']}")


@pytest.mark.parametrize("role", ["planner", "executive"])
def test_others_may_look_but_not_act(stage: Stage, as_role: AsRole, role: str) -> None:
    (dead,) = stage.kill(1)
    client = as_role(role)
    page = client.get(f"/deliveries/{dead.id}").text
    assert "Only the integration desk may send it again." in page
    assert "/resubmit" not in page
    assert "/resubmit" not in client.get(f"/failures/{dead.group}?rehearse=1").text
    assert "/pause" not in client.get("/interfaces").text
    for path in (
        f"/deliveries/{dead.id}/resubmit", f"/deliveries/{dead.id}/edit", f"/deliveries/{dead.id}/discard",
        f"/deliveries/{dead.id}/resync", f"/failures/{dead.group}/resubmit", f"/failures/{dead.group}/discard",
        f"/failures/{dead.group}/reprocess", "/runs/1/pause", "/resync", "/interfaces/aps/pause",
        "/interfaces/aps/resume",
    ):  # fmt: skip
        assert client.post(path, data={"reason": "mine"}).status_code == 403
    assert client.get(f"/deliveries/{dead.id}/edit").status_code == 403
    assert stage.state_of(dead.id) == "dead"


# ---- log and interfaces -----------------------------------------------------------------------------------------


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
