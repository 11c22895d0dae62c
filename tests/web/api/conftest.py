"""The API on each database, with an order's story told through the front door."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from tests.factories import Plantlet
from tests.web.asking import Caller, api_landscape, make_key, opened_app


@pytest.fixture
def opened(engine: Engine, tmp_path: Path) -> Iterator[tuple[Flask, Plantlet]]:
    with opened_app(engine, tmp_path / "state", api_landscape()) as made:
        yield made


@pytest.fixture
def plantlet(opened: tuple[Flask, Plantlet]) -> Plantlet:
    return opened[1]


@pytest.fixture
def app(opened: tuple[Flask, Plantlet]) -> Flask:
    return opened[0]


@pytest.fixture
def caller(app: Flask, plantlet: Plantlet) -> Caller:
    """Someone who may do everything."""
    return Caller(app.test_client(), make_key(plantlet, "admin"))
