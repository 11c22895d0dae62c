"""A bad message stops only itself: whatever it holds, it is parked with the reason and the next one goes on."""

import dataclasses
import json
from collections.abc import Callable

import pytest

from controltower.connectors.contract import Envelope, Translation
from controltower.domain.event import Event
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.record import record_waiting
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.tower import build
from controltower.store import belief, case, message
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, cloud_event, due, signed

BAD = "LYON/order/MO-BAD"


def spoil(plantlet: Plantlet, system: str, spoilt: Callable[[Event], Event]) -> None:
    """Let a connector make a mistake with what it reads about MO-BAD."""
    connector = plantlet.tower.connectors[system]
    sound = connector.translate

    def spoiling(envelope: Envelope) -> Translation:
        made = sound(envelope)
        events = [spoilt(each) if str(each.subject) == BAD else each for each in made.events]
        return Translation(events, made.faults, made.notices)

    connector.translate = spoiling  # type: ignore[method-assign]


def state_of(plantlet: Plantlet, id: int) -> message.Message:
    with reading(plantlet.tower.engine) as connection:
        return message.by_ids(connection, [id])[id]


def known(plantlet: Plantlet) -> set[tuple[str, str]]:
    subjects = [Subject("LYON", f"order/MO-{number}") for number in ("1", "2", "3", "BAD")]
    with reading(plantlet.tower.engine) as connection:
        return {(subject.key, each.system) for subject, each in belief.of(connection, subjects)}


def without_zone(event: Event) -> Event:
    return event._replace(occurred_at=event.occurred_at.replace(tzinfo=None))


def test_an_event_that_cannot_be_recorded_parks_alone(plantlet: Plantlet) -> None:
    spoil(plantlet, "erp", without_zone)
    now = plantlet.clock.now()
    plantlet.say("aps", 1, {"due_date": due(9)})
    subjects = ["LYON/order/MO-1", BAD, "LYON/order/MO-2"]
    batch = [
        cloud_event("erp", number, {"due_date": due(9)}, now, subject=subject)
        for number, subject in enumerate(subjects, 1)
    ]
    mixed = plantlet.deliver("erp", batch).message
    alone = plantlet.say("erp", 9, {"due_date": due(9)}, subject=BAD).message
    plantlet.say("mes", 1, {"due_date": due(9)}, subject="LYON/order/MO-3")
    assert plantlet.record() == 4
    assert known(plantlet) == {("MO-1", "aps"), ("MO-1", "erp"), ("MO-2", "erp"), ("MO-3", "mes")}
    partly, parked = state_of(plantlet, mixed), state_of(plantlet, alone)
    assert (partly.state, partly.events) == (message.PARTLY, 2)
    assert partly.faults
    assert [(each["element"], each["pointer"]) for each in partly.faults] == [(1, "/1")]
    assert "could not be recorded" in partly.faults[0]["message"]
    assert (parked.state, parked.events) == (message.PARKED, 0)
    with reading(plantlet.tower.engine) as connection:
        assert {each.rule for each in case.listing(connection)} == {"parked-message"}
    assert reprocess(plantlet.tower) == 4
    assert state_of(plantlet, mixed).faults == partly.faults
    assert known(plantlet) == {("MO-1", "aps"), ("MO-1", "erp"), ("MO-2", "erp"), ("MO-3", "mes")}


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda event: event._replace(sequence=2**63),
        lambda event: event._replace(subject=Subject("LYON", "order/" + "x" * 3000)),
        lambda event: event._replace(source_id="y" * 3000),
        lambda event: event._replace(attributes={"z" * 3000: Value("1")}),
        lambda event: event._replace(attributes={"due_date": Value("soon", None)}),  # type: ignore[arg-type]
        lambda event: event._replace(refs={"native": "\0"}),
        lambda event: event._replace(attributes={str(number): Value("1") for number in range(40_000)}),
    ],
    ids=["counter", "subject", "id", "attribute", "no text", "NUL", "many"],
)
def test_what_no_database_holds_is_parked(plantlet: Plantlet, spoilt: Callable[[Event], Event]) -> None:
    spoil(plantlet, "erp", spoilt)
    bad = plantlet.say("erp", 1, {"due_date": due(9)}, subject=BAD).message
    plantlet.say("erp", 2, {"due_date": due(9)})
    assert plantlet.record() == 2
    assert state_of(plantlet, bad).state == message.PARKED
    assert known(plantlet) == {("MO-1", "erp")}


def test_a_value_of_the_wrong_kind_is_a_difference(plantlet: Plantlet) -> None:
    spoil(plantlet, "erp", lambda event: event._replace(attributes={"due_date": Value("soon")}))
    plantlet.say("aps", 1, {"due_date": due(9)}, subject=BAD)
    plantlet.say("erp", 1, {"due_date": due(9)}, subject=BAD)
    plantlet.record()
    plantlet.clock.move(16 * MINUTE)
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert "ERP says soon" in found.title


def test_a_date_that_means_for_ever_is_told(plantlet: Plantlet) -> None:
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.say("erp", 1, {"due_date": "9999-12-31T23:59:59Z"})
    plantlet.record()
    plantlet.clock.move(16 * MINUTE)
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert "ERP says 9999-12-31T23:59:59Z" in found.title


def test_a_name_with_nul_is_told_without_it(plantlet: Plantlet) -> None:
    head = cloud_event("erp", 1, {}, plantlet.clock.now())
    names = ("id", "source", "specversion", "type", "subject", "time")
    body = json.dumps({"attributes": {"da\0te": due(9)}})
    headers = {f"ce-{name}": head[name] for name in names} | signed(body, "binary-1")
    headers["content-type"] = "application/json"
    bad = plantlet.intake.receive("erp", headers, body.encode()).message
    plantlet.say("aps", 1, {"due_date": due(9)})
    assert plantlet.record() == 2
    assert state_of(plantlet, bad).state == message.PARKED
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert "\0" not in found.why


def test_a_system_that_is_no_longer_declared_stops_nothing(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9), "status": "released"})
    plantlet.say("aps", 1, {"due_date": due(10)})
    plantlet.say("mes", 1, {"status": "completed"})
    plantlet.record()
    left = plantlet.say("aps", 2, {"due_date": due(11)}).message
    leave(plantlet, "aps")
    plantlet.say("erp", 2, {"due_date": due(12)})
    assert plantlet.record() == 2
    assert state_of(plantlet, left).state == message.PARKED
    plantlet.clock.move(40 * MINUTE)
    detect(plantlet.tower)
    rejudge(plantlet.tower)
    leave(plantlet, "erp")
    plantlet.clock.move(40 * MINUTE)
    detect(plantlet.tower)
    assert reprocess(plantlet.tower) == 5


def leave(plantlet: Plantlet, system: str) -> None:
    """The tower starts anew with a configuration that lacks a system."""
    land: Landscape = plantlet.tower.landscape
    systems = {id: each for id, each in land.systems.items() if id != system}
    fewer = dataclasses.replace(land, systems=systems)
    plantlet.tower = build(plantlet.tower.engine, fewer, plantlet.clock)  # type: ignore[arg-type]


def test_two_recorders_count_a_message_once(plantlet: Plantlet) -> None:
    """The second one has read the same waiting messages before the first one commits."""
    plantlet.say("mes", 1, {"status": "running"}, at=plantlet.clock.now() + 10 * MINUTE)
    connector = plantlet.tower.connectors["mes"]
    sound = connector.translate

    def overtaken(envelope: Envelope) -> Translation:
        connector.translate = sound  # type: ignore[method-assign]
        assert record_waiting(plantlet.tower) == 1
        return sound(envelope)

    connector.translate = overtaken  # type: ignore[method-assign]
    assert record_waiting(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert (found.rule, found.sightings) == ("clock-skew", 1)
