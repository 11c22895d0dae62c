"""What the configuration no longer asks for does not stay open for ever."""

import dataclasses
from typing import Any

from sqlalchemy.event import listens_for

from controltower.domain.landscape import Landscape
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.tower import build
from controltower.pipeline.undeclared import let_go
from controltower.store import case, drift, expectation
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, due


def redeclare(plantlet: Plantlet, land: Landscape) -> None:
    """The tower starts anew with another configuration."""
    plantlet.tower = build(plantlet.tower.engine, land, plantlet.clock)  # type: ignore[arg-type]


def something_is_wrong(plantlet: Plantlet) -> Landscape:
    """A drift and an answer that is awaited; returns the landscape that asks for them."""
    plantlet.say("erp", 1, {"due_date": due(9), "status": "released"})
    plantlet.say("aps", 1, {"due_date": due(10)})
    plantlet.say("mes", 1, {"status": "completed"})
    plantlet.record()
    return plantlet.tower.landscape


def test_what_is_open_is_let_go(plantlet: Plantlet) -> None:
    land = something_is_wrong(plantlet)
    plantlet.clock.move(40 * MINUTE)
    assert detect(plantlet.tower) == 2
    assert let_go(plantlet.tower) == 0
    redeclare(plantlet, dataclasses.replace(land, ownerships=(), expectations=()))
    assert let_go(plantlet.tower) == 2
    with reading(plantlet.tower.engine) as connection:
        assert case.listing(connection) == []
        said = {each.rule: each.resolution for each in case.listing(connection, state="resolved")}
        assert drift.counts(connection) == expectation.counts(connection) == {}
    assert said == {
        "drift": "No longer compared: the configuration has changed.",
        "completion-posted": "No longer expected: the configuration has changed.",
    }
    assert let_go(plantlet.tower) == 0


def test_what_is_still_within_its_time_never_opens(plantlet: Plantlet) -> None:
    land = something_is_wrong(plantlet)
    systems = {id: each for id, each in land.systems.items() if id == "mes"}
    redeclare(plantlet, dataclasses.replace(land, systems=systems))
    plantlet.clock.move(40 * MINUTE)
    detect(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        assert case.listing(connection) == []
        assert drift.counts(connection) == expectation.counts(connection) == {}


def test_the_silence_of_a_system_that_has_gone_is_over(plantlet: Plantlet) -> None:
    plantlet.say("aps", 1, {"due_date": due(10)})
    plantlet.record()
    plantlet.clock.move(25 * 60 * MINUTE)
    detect(plantlet.tower)
    land = plantlet.tower.landscape
    redeclare(plantlet, dataclasses.replace(land, systems={"erp": land.systems["erp"]}))
    assert let_go(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        assert [each for each in case.listing(connection) if each.rule == "source-silent"] == []


def test_nothing_new_about_a_drift_takes_no_turn(plantlet: Plantlet) -> None:
    """The causes are asked for every few seconds: webhooks must not wait for that."""
    something_is_wrong(plantlet)
    plantlet.clock.move(16 * MINUTE)
    detect(plantlet.tower)
    written: list[str] = []

    @listens_for(plantlet.tower.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("SELECT", "BEGIN")) or "IMMEDIATE" in statement:
            written.append(statement)

    assert rejudge(plantlet.tower) is None
    assert written == []
