"""The page of notifications: who was told, what waits and why, what failed; its buttons and who may press them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.domain.exception import Case
from controltower.domain.landscape import Team
from controltower.domain.notification import Channel, Subscription
from controltower.domain.retry import RetryPolicy
from controltower.pipeline import notify
from controltower.pipeline.notices import note
from controltower.store import case, notification
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, Plantlet
from tests.web.asking import Caller, make_key
from tests.web.test_pages import words

Told = tuple[Flask, Plantlet]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CHAT = "http://127.0.0.1:9/hush"  # where nobody listens
CHANNELS = {
    "mail": Channel("mail", "file", {"folder": "mail", "from": "tower@plant.example"}, RetryPolicy(())),
    "chat": Channel("chat", "webhook", {"url": CHAT, "secret": SECRET, "proxy": ""}, RetryPolicy(())),
}  # fmt: skip
SUBSCRIPTIONS = (
    Subscription("all", "mail", ("duty@plant.example",)),
    Subscription("gathered", "mail", ("boss@plant.example",), digest=720 * MINUTE),
    Subscription("chat", "chat"),
)


@pytest.fixture
def telling(told: Told, tmp_path: Path) -> Told:
    """The story's exceptions were told, as far as they could be."""
    app, _ = told
    tower = app.extensions["tower"]
    teams = {"aps-team": Team("aps-team", "APS team")}
    land = replace(tower.landscape, channels=CHANNELS, subscriptions=SUBSCRIPTIONS, teams=teams)
    app.extensions["tower"] = replace(tower, landscape=land, folder=tmp_path)
    late = Case("late-1", "late-delivery", "Late: progress to the ERP", "B", told[1].clock.now())
    with writing(tower.engine) as connection:
        case.put(connection, [late])
    note(app.extensions["tower"])
    notify.send_due(app.extensions["tower"])
    return told


@pytest.fixture
def integration(telling: Told, as_role: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_role("integration")


def dead_ids(told: Told) -> list[str]:
    with reading(told[1].tower.engine) as connection:
        return notification.dead_of(connection, "chat")


def test_without_channels_the_page_says_how_to_have_some(planner: FlaskClient) -> None:
    assert "notify.toml" in words(planner, "/notifications")


def test_the_page_says_who_was_told_what_waits_and_what_failed(integration: FlaskClient) -> None:
    text = words(integration, "/notifications")
    assert "duty@plant.example" in text
    assert "digest, until" in text
    assert "127.0.0.1 cannot be reached" in text
    assert "hush" not in integration.get("/notifications").text
    assert SECRET not in integration.get("/notifications").text
    waiting = words(integration, "/notifications?state=waiting")
    assert "boss@plant.example" in waiting
    assert "duty@plant.example" not in waiting.partition("Notifications, newest first")[2]


def test_what_failed_is_sent_again_or_let_go(telling: Told, integration: FlaskClient) -> None:
    first, *rest = dead_ids(telling)
    assert integration.post(f"/notifications/{first}/resend").status_code == 303
    assert first not in dead_ids(telling)
    for each in rest:
        integration.post(f"/notifications/{each}/dismiss")
    assert dead_ids(telling) == []
    integration.post(f"/notifications/{first}/resend")
    assert "It has not been given up." in words(integration, "/notifications")
    assert integration.post("/notifications/nobody/resend").status_code == 404


def test_a_test_goes_at_once_and_says_what_became_of_it(integration: FlaskClient, tmp_path: Path) -> None:
    integration.post("/notifications/channels/mail/test", data={"to": "me@plant.example"})
    assert "written to mail" in words(integration, "/notifications")
    assert any("me@plant.example" in file.read_text() for file in (tmp_path / "mail").iterdir())
    integration.post("/notifications/channels/chat/test")
    assert "did not go" in words(integration, "/notifications")
    assert integration.post("/notifications/channels/nowhere/test").status_code == 404


def test_only_the_integration_desk_may_press_the_buttons(
    telling: Told, as_role: Callable[[str], FlaskClient]
) -> None:
    planner = as_role("planner")
    assert "Send a test" not in planner.get("/notifications").text
    assert planner.post("/notifications/channels/mail/test").status_code == 403
    assert planner.post(f"/notifications/{dead_ids(telling)[0]}/resend").status_code == 403


def test_the_api_tells_the_same_and_no_secret(telling: Told) -> None:
    app, plantlet = telling
    caller = Caller(app.test_client(), make_key(plantlet, "integration"))
    found = caller.items("/notifications", limit=1)
    assert {each["state"] for each in found} == {"sent", "waiting", "dead"}
    dead = next(each for each in found if each["state"] == "dead")
    assert caller.items("/notifications", state="dead", channel="chat")[0]["words"] == dead["words"]
    channels = {each["id"]: each for each in caller.items("/channels")}
    assert channels["chat"]["place"] == "127.0.0.1"
    assert SECRET not in str(channels)
    assert caller.post(f"/notifications/{dead['id']}/resend", {}).json["state"] == "waiting"  # type: ignore[index]
    assert caller.post(f"/notifications/{dead['id']}/resend", {}).status_code == 409
    assert caller.post("/channels/mail/test", {"to": "me@plant.example"}).status_code == 200
    assert caller.post("/channels/chat/test", {}).status_code == 409
    planner = Caller(app.test_client(), make_key(plantlet, "planner"))
    assert planner.get("/notifications").status_code == 200
    assert planner.post("/channels/mail/test", {}).status_code == 403
