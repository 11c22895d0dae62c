"""Many dead letters at once: rehearsed, sent again, paused, discarded, and truthful about it."""

import re

from flask.testing import FlaskClient

from controltower.pipeline.runs import advance_runs
from tests.factories import due
from tests.web.dead_letters import AWAY, send
from tests.web.outgoing.stage import Stage, settled
from tests.web.test_pages import rows, words


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
    assert "integration is sending some of them again" in words(desk, f"/failures/{group}")
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
