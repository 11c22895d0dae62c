"""An order's story tells what the tower told whom, and what a person sent although newer news was known."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.domain.delivery import Delivery
from controltower.pipeline.resubmit import resubmit
from controltower.store.engine import connect
from tests.factories import MINUTE, Plantlet
from tests.web.asking import Caller, make_key, opened_app
from tests.web.conftest import PASSWORD, add_people
from tests.web.dead_letters import aimed, kill, outgoing_landscape, send, tell_orders

Forced = tuple[Flask, Plantlet, Delivery]


@pytest.fixture
def forced(sqlite_url: str, tmp_path: Path) -> Iterator[Forced]:
    """MO-1000: a dead letter, newer news that the scheduler took, and the old news sent all the same."""
    engine = connect(sqlite_url)
    with opened_app(engine, tmp_path / "state", outgoing_landscape()) as (app, plantlet):
        aps, _ = aimed(plantlet)
        app.extensions["tower"] = plantlet.tower
        (dead,) = kill(plantlet, aps, 1)
        plantlet.clock.move(5 * MINUTE)
        tell_orders(plantlet, [1000], sequence=2, day=12)
        send(plantlet)
        plantlet.clock.move(MINUTE)
        made = resubmit(plantlet.tower, dead.id, "ines", "they insist", confirm_stale=True)
        send(plantlet)
        add_people(plantlet)
        yield app, plantlet, made
    engine.dispose()


def entered(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert client.post("/login", data={"name": "integration", "password": PASSWORD}).status_code == 303
    return client


def test_the_page_marks_what_was_sent_against_newer_news(forced: Forced) -> None:
    app, _, made = forced
    text = entered(app).get("/orders/LYON/MO-1000").text
    assert text.count("Old news told by the tower: Orders to the scheduler") >= 1
    assert "Resubmitted by ines although newer news was known: they insist" in text
    assert "sent against newer news" in text
    assert "Not told by the tower: Orders to the scheduler" in text
    assert f'href="/deliveries/{made.id}' in text


def test_the_api_tells_the_same_in_order(forced: Forced) -> None:
    app, plantlet, made = forced
    caller = Caller(app.test_client(), make_key(plantlet, "admin"))
    whole = caller.items("/orders/LYON/MO-1000/timeline")
    told = [each for each in whole if each["kind"] == "delivery"]
    assert [(each["delivery"]["state"], each["delivery"]["forced"]) for each in told] == [
        ("resubmitted", False),
        ("delivered", False),
        ("delivered", True),
    ]
    assert told[-1]["delivery"]["id"] == str(made.id)
    assert [each["at"] for each in whole] == sorted(each["at"] for each in whole)
    assert caller.items("/orders/LYON/MO-1000/timeline", limit=1) == whole
