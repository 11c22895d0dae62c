"""What a test of the pages may ask for: the app with an order's story told, and people logged in to it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.domain.clock import Clock
from controltower.store import user
from controltower.store.engine import connect, writing
from controltower.web.login import hash_password, limiter
from tests.factories import Plantlet
from tests.web.asking import api_landscape, opened_app, tell_story

PASSWORD = "correct horse"


@pytest.fixture
def told(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    """The app after a story: the due date of MO-1 moved in the ERP, and the scheduler never heard of it."""
    engine = connect(sqlite_url)
    with opened_app(engine, tmp_path / "state", api_landscape()) as (app, plantlet):
        tell_story(plantlet)
        still = Clock(0.0, plantlet.clock.now().timestamp(), 1.0, time=lambda: 0.0)
        app.extensions["tower"] = replace(plantlet.tower, clock=still)
        add_people(plantlet)
        limiter.reset()
        yield app, plantlet
    engine.dispose()


@cache
def hashed_once() -> str:
    """The hash is slow on purpose; the tests need only one."""
    return hash_password(PASSWORD)


def add_people(plantlet: Plantlet) -> None:
    """One person of each role, all with the same password, and one who has left."""
    hashed = hashed_once()
    with writing(plantlet.tower.engine) as connection:
        for role in user.ROLES:
            user.add_user(
                connection,
                name=role,
                full_name=role.title(),
                password_hash=hashed,
                roles={role},
                now=plantlet.clock.now(),
                home=role,
            )
        gone = user.add_user(
            connection,
            name="gone",
            full_name="Gone",
            password_hash=hashed,
            roles={"admin"},
            now=plantlet.clock.now(),
        )
        user.set_active(connection, gone, False)


@pytest.fixture
def page_app(told: tuple[Flask, Plantlet]) -> Flask:
    """The app with CSRF switched off, which has tests of its own."""
    told[0].config["WTF_CSRF_ENABLED"] = False
    return told[0]


@pytest.fixture
def as_role(page_app: Flask) -> Callable[[str], FlaskClient]:
    """A browser in which that role's person is logged in."""

    def enter(role: str) -> FlaskClient:
        client = page_app.test_client()
        answer = client.post("/login", data={"name": role, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client

    return enter


@pytest.fixture
def planner(as_role: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_role("planner")
