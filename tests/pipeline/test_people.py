"""People and promises: what a person resolved stays so, and what nobody takes up is told to the next team."""

import datetime
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controltower.domain.landscape import Team, Tier
from controltower.pipeline import answer
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.escalate import escalate
from controltower.pipeline.receive import Refusal
from controltower.pipeline.refusals import note_refusals
from controltower.pipeline.reprocess import reprocess
from controltower.store import audit, case
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, cloud_event, due, landscape

GOLD = Tier("gold", 15 * MINUTE, datetime.timedelta(hours=2), ("desk",))


def in_drift(engine: Engine) -> Plantlet:
    """An ERP and a scheduler that disagree, sixteen minutes past the allowance's beginning."""
    land = landscape()
    systems = {name: replace(each, tier="gold") for name, each in land.systems.items()}
    plantlet = Plantlet(
        engine,
        replace(
            land, systems=systems, tiers={"gold": GOLD}, teams={"desk": Team("desk", "Integration desk")}
        ),
    )
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.record()
    plantlet.clock.move(16 * MINUTE)
    detect(plantlet.tower)
    plantlet.intake.stop()
    return plantlet


def only_id(plantlet: Plantlet) -> str:
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    return found.id


def test_what_a_person_resolved_stays_resolved(engine: Engine) -> None:
    plantlet = in_drift(engine)
    id = only_id(plantlet)
    answer.act(plantlet.tower, id, "ines", answer.RESOLVE, "agreed by phone")
    rejudge(plantlet.tower)
    reprocess(plantlet.tower)
    with reading(engine) as connection:
        assert case.listing(connection) == []
        (kept,) = case.listing(connection, state="resolved")
    assert kept.resolution == "ines: agreed by phone"
    answer.act(plantlet.tower, id, "ines", answer.REOPEN, "it is not")
    rejudge(plantlet.tower)
    assert only_id(plantlet) == id


def test_what_nobody_takes_up_is_escalated_once(engine: Engine) -> None:
    plantlet = in_drift(engine)
    assert escalate(plantlet.tower) == 0
    plantlet.clock.move(16 * MINUTE)
    assert escalate(plantlet.tower) == 1
    assert escalate(plantlet.tower) == 0
    with reading(engine) as connection:
        (told,) = case.actions(connection, only_id(plantlet))
        assert audit.latest(connection)[0].action == "exception.escalate"
    assert (told.who, told.action) == ("tower", "escalate")
    assert told.detail == "Integration desk, because nobody acknowledged it in time"


def test_what_was_taken_up_is_escalated_only_when_it_stays_unresolved(engine: Engine) -> None:
    plantlet = in_drift(engine)
    answer.act(plantlet.tower, only_id(plantlet), "ines", answer.ACKNOWLEDGE)
    plantlet.clock.move(60 * MINUTE)
    assert escalate(plantlet.tower) == 0
    plantlet.clock.move(90 * MINUTE)
    assert escalate(plantlet.tower) == 1


def test_the_oldest_of_many_is_escalated_too(engine: Engine) -> None:
    plantlet = in_drift(engine)
    plantlet.clock.move(15 * MINUTE)
    for number in range(2, 5):
        plantlet.say("erp", number, {"due_date": "no date"}, subject=f"LYON/order/MO-{'x' * number}")
    plantlet.say("mes", 1, {"status": 7})
    plantlet.record()
    plantlet.clock.move(2 * MINUTE)
    assert escalate(plantlet.tower, at_once=1) == 1


def test_a_refused_message_is_an_exception_until_it_stops(engine: Engine) -> None:
    plantlet = Plantlet(engine)
    broken = cloud_event("erp", 1, {}, plantlet.clock.now())
    del broken["id"]
    with pytest.raises(Refusal):
        plantlet.deliver("erp", broken)
    plantlet.intake.stop()
    assert note_refusals(plantlet.tower) == 1
    assert note_refusals(plantlet.tower) == 0
    with reading(engine) as connection:
        (found,) = case.listing(connection)
    assert (found.rule, found.system, found.team) == ("refused-message", "erp", "erp-team")
    assert "answered 400" in found.why
    plantlet.clock.move(31 * MINUTE)
    assert note_refusals(plantlet.tower) == 1
    assert note_refusals(plantlet.tower) == 0
    with reading(engine) as connection:
        assert case.listing(connection) == []
