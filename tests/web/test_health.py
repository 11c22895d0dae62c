"""Alive, ready by component, and the figures for a monitoring system."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from controltower.domain.landscape import Landscape
from controltower.leases import Leases
from controltower.store import lease
from controltower.web import health
from tests.factories import MINUTE, Plantlet, due
from tests.web.asking import api_landscape, make_key, opened_app


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    with opened_app(engine, tmp_path, api_landscape()) as made:
        yield made


@pytest.fixture
def client(opened: tuple[Flask, Plantlet]) -> FlaskClient:
    return opened[0].test_client()


@pytest.fixture
def plantlet(opened: tuple[Flask, Plantlet]) -> Plantlet:
    return opened[1]


@pytest.fixture
def working(engine: Engine) -> Iterator[Leases]:
    """What a running worker holds."""
    held = Leases(engine, [lease.RECORD, lease.DETECT])
    held.keep()
    yield held
    held.release()


def states(client: FlaskClient) -> dict[str, str]:
    told = client.get("/readyz").get_json()
    return {name: part["state"] for name, part in told["components"].items()}


def test_alive_needs_nobody(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("working")
def test_ready_when_every_component_is(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(states(client)) == {"database", "migrations", "worker", "backlog", "disk"}
    assert {part for name, part in states(client).items() if name != "disk"} == {"ok"}


def test_not_ready_without_a_worker(client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 503
    assert states(client)["worker"] == "down"
    assert states(client)["database"] == "ok"


@pytest.mark.usefixtures("working")
def test_a_backlog_that_grows_old_is_slow_and_then_down(client: FlaskClient, plantlet: Plantlet) -> None:
    plantlet.clock.speed = 1.0  # type: ignore[attr-defined]
    plantlet.say("erp", 1, {"due_date": due(9)})
    assert states(client)["backlog"] == "ok"
    plantlet.clock.move(MINUTE)
    assert states(client)["backlog"] == "slow"
    plantlet.clock.move(10 * MINUTE)
    assert states(client)["backlog"] == "down"


def test_a_database_without_its_tables_is_told_and_the_rest_not_guessed(
    empty_database_url: str, tmp_path: Path
) -> None:
    from controltower.store.engine import connect

    connected = connect(empty_database_url)
    with opened_app(connected, tmp_path, Landscape()) as (app, _):
        found = states(app.test_client())
    connected.dispose()
    assert (found["database"], found["migrations"], found["worker"]) == ("ok", "down", "unknown")


def test_a_disk_is_judged_by_its_free_room(tmp_path: Path) -> None:
    assert health.disk(tmp_path / "not" / "yet").detail.endswith("GiB free")


def test_the_figures_ask_for_a_key(client: FlaskClient) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_figures_ask_for_the_right_role(client: FlaskClient, plantlet: Plantlet) -> None:
    key = make_key(plantlet, "executive")
    assert client.get("/metrics", headers={"Authorization": f"Bearer {key}"}).status_code == 403


@pytest.mark.usefixtures("working")
def test_the_figures_are_the_database_s(client: FlaskClient, plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    key = make_key(plantlet, "integration")
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    lines = answer.get_data(as_text=True).splitlines()
    assert answer.mimetype == "text/plain"
    assert 'tower_messages_total{channel="hook",outcome="accepted",system="erp"} 2.0' in lines
    assert 'tower_duplicates_total{channel="hook",system="erp"} 1.0' in lines
    assert 'tower_component_ready{component="worker"} 1.0' in lines
    assert "tower_backlog_messages 0.0" in lines
