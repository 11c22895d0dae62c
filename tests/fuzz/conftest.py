"""The tower on SQLite, opened once for a whole run of made-up requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from controltower.store.engine import connect
from tests.databases import copy_sqlite
from tests.factories import Plantlet
from tests.web.asking import api_landscape, opened_app, tell_story


@pytest.fixture(scope="module")
def opened(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Plantlet]]:
    """The app and its plantlet, with one order's story told."""
    home = tmp_path_factory.mktemp("fuzz")
    copy_sqlite(migrated_sqlite, home / "tower.db")
    engine = connect(f"sqlite:///{home / 'tower.db'}")
    with opened_app(engine, home / "state", api_landscape()) as made:
        tell_story(made[1])
        yield made
    engine.dispose()
