"""A tower by hand on each database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.factories import Plantlet


@pytest.fixture
def plantlet(engine: Engine) -> Iterator[Plantlet]:
    made = Plantlet(engine)
    yield made
    made.intake.stop()
