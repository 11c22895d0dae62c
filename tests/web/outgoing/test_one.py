"""One delivery: shown, resubmitted, edited, resynced, discarded; old news only when it is said twice."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from controltower.pipeline.detect import detect
from tests.factories import MINUTE, due
from tests.web.dead_letters import AWAY, send, tell_orders
from tests.web.outgoing.stage import Stage, settled
from tests.web.test_pages import rows, words

AsRole = Callable[[str], FlaskClient]


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
