"""What fails again and again, and what nobody reads, is an exception for as long as it lasts."""

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, UNSURE, Outcome
from controltower.domain import failure
from controltower.domain.exception import Case
from controltower.pipeline.answer import ACKNOWLEDGE, act
from controltower.pipeline.watching import watch
from controltower.store import case
from controltower.store.engine import reading
from tests.factories import MINUTE
from tests.pipeline.test_undelivered import Plantlet, plantlet_of, send

REFUSED = Outcome(FAILED, failure.REFUSED, "no routing", 422)
LOCKED = Outcome(FAILED, failure.REFUSED, "Order MO-1 is locked by user MEIER", 400)
UNCLEAR = Outcome(UNSURE, failure.TIMEOUT, "did not answer in time")


def told(plantlet: Plantlet, state: str = "open") -> list[Case]:
    """What is wrong after a look at it, but for the dead letters themselves."""
    watch(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        return [each for each in case.listing(connection, state=state) if each.watched]


def test_words_make_a_refusal_one_that_is_tried_again(engine: Engine) -> None:
    (waiting,) = send(plantlet := plantlet_of(engine, LOCKED), 1)
    assert (waiting.state, waiting.error) == ("retrying", failure.LOCKED)
    assert told(plantlet) == []
    plantlet.clock.move(11 * MINUTE)
    (found,) = told(plantlet)
    assert (found.rule, found.code, found.system) == ("delivery-trouble", "locked", "aps")


def test_an_unknown_outcome_is_told_when_it_lasts(engine: Engine) -> None:
    plantlet = plantlet_of(engine, UNCLEAR)
    send(plantlet, 1)
    plantlet.clock.move(11 * MINUTE)
    assert [each.code for each in told(plantlet)] == ["unknown-outcome"]


@pytest.mark.parametrize("minutes", [59, 61])
def test_dead_letters_that_nobody_takes_up(engine: Engine, minutes: int) -> None:
    plantlet = plantlet_of(engine, REFUSED)
    send(plantlet, 1)
    with reading(engine) as connection:
        (dead,) = [each for each in case.listing(connection) if each.rule == "dead-letters"]
    assert dead.code == "rejected"
    plantlet.clock.move(minutes * MINUTE)
    assert [each.rule for each in told(plantlet)] == ["dead-letters-unread"][: int(minutes > 60)]
    act(plantlet.tower, dead.id, "ana", ACKNOWLEDGE, "")
    assert told(plantlet) == []
