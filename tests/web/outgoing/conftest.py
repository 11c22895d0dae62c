"""The integration desk at a tower that carries orders to a scheduler whose answers the test sets."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from controltower.store.engine import connect
from controltower.web.login import limiter
from tests.factories import Plantlet
from tests.web.asking import opened_app
from tests.web.conftest import add_people
from tests.web.dead_letters import outgoing_landscape
from tests.web.outgoing.stage import Stage


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
def desk(stage: Stage, as_role: Callable[[str], FlaskClient]) -> FlaskClient:
    """A browser of the integration desk."""
    return as_role("integration")
