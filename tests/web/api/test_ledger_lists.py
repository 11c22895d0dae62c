"""Systems, messages, drift, expectations and the event feed over the API."""

import json

from flask import Flask

from controltower.store import audit, channel
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, Plantlet, due, signed
from tests.web.asking import BASE, Caller, make_key, tell_story


def test_a_system_tells_its_health_and_channels(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    systems = {each["id"]: each for each in caller.items("/systems")}
    assert systems["erp"]["health"] == "live"
    assert systems["erp"]["channels"][0]["messages"] == 2
    assert caller.get("/systems/erp").json == systems["erp"]
    assert caller.get("/systems/nobody").status_code == 404


def test_health_is_never_good_by_default(caller: Caller, plantlet: Plantlet) -> None:
    assert {each["health"] for each in caller.items("/systems")} == {"unheard"}
    plantlet.say("erp", 1, {"status": "firm"})
    plantlet.clock.move(60 * 25 * MINUTE)
    now = plantlet.clock.now()
    with writing(plantlet.tower.engine) as connection:
        channel.put(
            connection, channel.Channel("aps", "poll", now, None, None, 3, "connection refused", "down")
        )
    assert caller.get("/systems/erp").json["health"] == "silent"
    assert caller.get("/systems/aps").json["health"] == "down"


def test_messages_are_found_by_system_state_channel_and_time(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    every = caller.items("/messages")
    assert len(every) == 6
    assert caller.items("/messages", limit=2) == every
    assert {each["system"] for each in caller.items("/messages", system="erp")} == {"erp"}
    assert caller.items("/messages", state="faulty") == []
    assert caller.items("/messages", channel="poll") == []
    late = caller.items("/messages", **{"from": "2026-03-02T06:10:00Z"})
    early = caller.items("/messages", to="2026-03-02T06:10:00Z")
    assert late + early == every
    assert len(late) == 2


def test_a_message_shows_what_it_holds_with_secrets_masked(caller: Caller, plantlet: Plantlet) -> None:
    receipt = plantlet.say("erp", 1, {"status": "firm"}, apikey="very-secret-thing")
    plantlet.record()
    shown = caller.get(f"/messages/{receipt.message}").json
    assert shown["message"]["state"] == "recorded"
    assert shown["body"]["encoding"] == "text"
    assert json.loads(shown["body"]["content"])["source"] == "erp"
    assert "very-secret-thing" not in json.dumps(shown)
    assert [each["type"] for each in shown["events"]] == ["order.changed"]
    assert shown["headers"]["webhook-id"]


def test_bytes_that_are_no_text_are_shown_as_base64(app: Flask, caller: Caller, plantlet: Plantlet) -> None:
    # Binary mode with a body that no signature scheme of text could sign: sent under the right content type anyway.
    headers = signed("", "d-1") | {"content-type": "application/cloudevents+json"}
    refused = app.test_client().post("/hooks/erp", data=b"\xff\xfe", headers=headers)
    assert refused.status_code in (400, 401)
    assert caller.items("/messages") == []


def test_a_message_that_is_not_there_is_404(caller: Caller) -> None:
    for id in ("1", "x", "-1", "9" * 19, "9" * 40, "\u0663"):
        assert caller.get(f"/messages/{id}").status_code == 404


def test_a_parked_message_is_read_again_in_place(app: Flask, caller: Caller, plantlet: Plantlet) -> None:
    receipt = plantlet.say("erp", 1, {"quantity": {"value": "twelve", "unit": "EA"}})
    plantlet.record()
    parked = caller.items("/messages", state="parked")
    assert [each["id"] for each in parked] == [str(receipt.message)]
    assert "quantity" in parked[0]["faults"][0]["pointer"]
    who = Caller(app.test_client(), make_key(plantlet, "integration"))
    again = who.post(f"/messages/{receipt.message}/reprocess", None)
    assert (again.status_code, again.json["state"]) == (200, "parked")
    with reading(plantlet.tower.engine) as connection:
        (entry,) = audit.latest(connection)
    assert (entry.action, entry.target) == ("message.reprocess", str(receipt.message))
    assert entry.who.startswith("key:integration")


def test_a_message_that_is_not_parked_is_not_read_again(caller: Caller, plantlet: Plantlet) -> None:
    receipt = plantlet.say("erp", 1, {"status": "firm"})
    plantlet.record()
    assert caller.post(f"/messages/{receipt.message}/reprocess", None).status_code == 409
    assert caller.post("/messages/17/reprocess", None).status_code == 404


def test_drift_is_listed_by_state_cause_follower_and_plant(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    apart = caller.items("/drift")
    assert {each["follower"] for each in apart} == {"aps", "mes"}
    assert all(each["cause"] == "never-announced" and each["why"] and each["action"] for each in apart)
    assert caller.items("/drift", limit=1) == apart
    assert [each["follower"] for each in caller.items("/drift", follower="mes")] == ["mes"]
    assert len(caller.items("/drift", cause="never-announced", attribute="due_date", plant="LYON")) == 2
    assert caller.items("/drift", plant="GRAZ") == caller.items("/drift", state="closed") == []


def test_drift_that_closed_tells_its_lag(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    plantlet.say("aps", 2, {"due_date": due(12)})
    plantlet.record()
    (closed,) = caller.items("/drift", state="closed")
    assert (closed["follower"], closed["lag_seconds"]) == ("aps", 3600.0)
    assert closed["evidence"]


def test_expectations_are_listed_by_state(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    (missed,) = caller.items("/expectations")
    assert (missed["rule"], missed["system"], missed["state"]) == ("completion-posted", "erp", "missed")
    assert missed["due_at"] == "2026-03-02T06:40:00Z"
    assert caller.items("/expectations", state="waiting") == caller.items("/expectations", plant="GRAZ") == []
    plantlet.say("erp", 3, {"status": "completed"})
    plantlet.record()
    assert caller.items("/expectations")[0]["answered_at"] == "2026-03-02T07:10:00Z"


def test_lists_page_by_page_miss_nothing_where_moments_are_alike(caller: Caller, plantlet: Plantlet) -> None:
    for number in range(9):
        about = {"subject": f"LYON/order/MO-{number}"}
        plantlet.say("mes", 1, {"status": "completed", "due_date": due(9)}, **about)
        plantlet.say("erp", 1, {"due_date": due(12)}, **about)
    plantlet.record()
    waiting = caller.items("/expectations", state="waiting", limit=2)
    settling = caller.items("/drift", state="settling", limit=2)
    assert len({each["id"] for each in waiting}) == len(waiting) == 9
    assert len({each["id"] for each in settling}) == len(settling) == 9


def test_the_feed_gives_every_event_once_as_cloudevents(caller: Caller, plantlet: Plantlet) -> None:
    tell_story(plantlet)
    address, batches = f"{BASE}/events?limit=2", []
    while True:
        answer = caller.client.get(address, headers=caller.headers)
        assert (answer.status_code, answer.mimetype) == (200, "application/cloudevents-batch+json")
        if not answer.json:
            break
        batches.append(answer.json)
        address = answer.headers["Link"].partition(">")[0].removeprefix("<")
    events = [event for batch in batches for event in batch]
    assert [len(batch) for batch in batches] == [2, 2, 2]
    assert len({event["id"] for event in events}) == 6
    assert {event["specversion"] for event in events} == {"1.0"}
    assert events[0]["subject"] == "LYON/order/MO-1"
    assert events[0]["data"]["attributes"]["due_date"] == due(9)
    assert events[0]["sequence"] == "1"
    plantlet.say("erp", 3, {"status": "closed"})
    plantlet.record()
    (fresh,) = caller.client.get(address, headers=caller.headers).json
    assert fresh["data"]["attributes"]["status"] == "closed"
    after = caller.get("/events", after=events[3]["position"]).json
    assert [event["id"] for event in after] == [*(event["id"] for event in events[4:]), fresh["id"]]
