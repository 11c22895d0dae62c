"""The seed scenario, small: orders of all plants from entry to posted confirmation, alone and through trouble."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from benchmarks.story import Outcome, Plot, Story
from controltower.simulation.world import Pace
from controltower.store import user
from controltower.store.engine import writing
from tests.journeys.rehearsal import Rehearsal, rehearsal

pytestmark = pytest.mark.slow
QUICK = Pace(first_orders=0, cancellations=0.0, length=0.1)


class Rehearsed:
    """A stage on which every step is a minute of the plants'."""

    def __init__(self, made: Rehearsal, client: FlaskClient) -> None:
        self.network, self._made, self._client = made.network, made, client
        with writing(made.tower.engine) as connection:
            _, key = user.add_key(connection, name="story", roles={"integration"}, now=made.tower.now())
        self._headers = {"Authorization": f"Bearer {key}"}

    def step(self) -> None:
        self._made.advance(1)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        answer = self._client.open(f"/api/v1{path}", method=method, json=body, headers=self._headers)
        return answer.status_code, answer.get_json()


@pytest.fixture
def stage(tmp_path: Any, database_url: str) -> Iterator[Rehearsed]:
    """A network in which the tower carries everything, with machines ten times as quick."""
    with rehearsal(tmp_path, database_url, "carried", patience=0.5, pace=QUICK) as made:
        yield Rehearsed(made, made.app.test_client())


def test_orders_of_all_plants_come_out_as_posted_production_without_a_hand(stage: Rehearsed) -> None:
    found = Story(stage, Plot(orders=6)).play()
    assert found.problems == []
    assert found.without_a_hand == len(found.orders) == 6
    assert found.dead == []
    assert found.exceptions == []


def test_through_trouble_all_end_right_and_a_person_has_to_mend_only_what_was_refused(
    stage: Rehearsed,
) -> None:
    found = Story(stage, Plot(orders=6, down=10, refuses=40, busy=60)).play()
    assert found.problems == []
    assert len(found.orders) == 6
    assert refused_by(found) >= {"mes-porto"}
    assert found.resubmitted
    assert all(each["action"] and each["team"] for each in found.exceptions)
    owners = {each["team"] for each in found.exceptions if each["rule"] == "dead-letters"}
    assert "mes-team" in owners


def refused_by(found: Outcome) -> set[str]:
    """The systems whose messages were dead."""
    return {each["system"] for each in found.dead}
