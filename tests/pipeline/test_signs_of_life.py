"""Heartbeats and canaries: they move no belief; one that stops, or does not come back, is told and ends by itself."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.event import Position
from controltower.domain.exception import OPEN, Case
from controltower.domain.retry import Sending
from controltower.pipeline.canaries import fly
from controltower.pipeline.watching import watch
from controltower.store import canary, case, event
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, ScriptedTarget, landscape


@pytest.fixture
def plant(engine: Engine) -> Plantlet:
    """A tower whose MES beats each ten minutes and takes a canary each half hour."""
    land = landscape()
    mes = replace(land.systems["mes"], heartbeat=10 * MINUTE, canary=30 * MINUTE, sending=Sending())
    made = Plantlet(engine, replace(land, systems={**land.systems, "mes": mes}))
    target = ScriptedTarget(mes)
    made.tower = replace(made.tower, senders={"mes": target})
    return made


def say_alive(plant: Plantlet, number: int, type: str = "heartbeat", correlation: str = "") -> None:
    told = {"specversion": "1.0", "id": f"{type}-{number}", "source": "mes", "type": type}
    plant.deliver("mes", {**told, "time": plant.clock.now().isoformat(), "correlationid": correlation})
    plant.record()


def exceptions(plant: Plantlet, state: str = OPEN) -> list[Case]:
    watch(plant.tower)
    with reading(plant.tower.engine) as connection:
        return case.listing(connection, state=state)


def test_a_heart_that_stops_is_missed_and_one_that_beats_again_is_well(plant: Plantlet) -> None:
    say_alive(plant, 1)
    plant.clock.move(23 * MINUTE)
    assert exceptions(plant) == []  # nobody else was heard either: perhaps we cannot hear
    plant.say("erp", 1, {"priority": 3})
    plant.record()
    [found] = exceptions(plant)
    assert (found.rule, found.system, found.remedy.verb) == ("heartbeat-missed", "mes", "hand-over")
    say_alive(plant, 2)
    assert exceptions(plant) == []
    with reading(plant.tower.engine) as connection:
        assert {each.event.system for each in event.feed(connection, Position(0, 0))} == {"erp"}


def test_a_canary_that_comes_back_says_nothing_and_the_next_flies_in_time(plant: Plantlet) -> None:
    assert [fly(plant.tower), fly(plant.tower)] == [1, 0]
    with reading(plant.tower.engine) as connection:
        sent = canary.latest(connection)["mes"]
    say_alive(plant, 1, "canary", sent.id)
    plant.clock.move(20 * MINUTE)
    assert exceptions(plant) == []
    plant.clock.move(10 * MINUTE)
    assert fly(plant.tower) == 1


def test_a_canary_that_vanishes_names_the_hop_and_the_next_that_comes_back_ends_it(plant: Plantlet) -> None:
    fly(plant.tower)
    plant.clock.move(16 * MINUTE)
    [found] = exceptions(plant)
    assert (found.rule, found.cause_code) == ("canary-lost", "canary-not-back")
    plant.clock.move(15 * MINUTE)
    fly(plant.tower)
    with reading(plant.tower.engine) as connection:
        say_alive(plant, 2, "canary", canary.latest(connection)["mes"].id)
    assert exceptions(plant) == []


def test_a_canary_that_is_not_even_taken_says_why(plant: Plantlet) -> None:
    target = plant.tower.senders["mes"]
    assert isinstance(target, ScriptedTarget)
    target.answers = [Outcome(FAILED, failure.UNREACHABLE, "connection refused")]
    fly(plant.tower)
    plant.clock.move(16 * MINUTE)
    [found] = exceptions(plant)
    assert found.cause_code == "canary-not-taken"
    assert "connection refused" in found.why
