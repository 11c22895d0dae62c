"""A field that a system has always told and tells no more is found as its messages come, without any history."""

from controltower.store import case
from controltower.store.engine import reading
from tests.factories import Plantlet


def rules(plantlet: Plantlet) -> set[str]:
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        return {each.rule for each in case.listing(connection, state="open", limit=50)}


def test_a_field_that_vanishes_is_told_and_one_that_is_there_is_not(plantlet: Plantlet) -> None:
    told = {"status": "running", "priority": "3"}
    for number in range(1, 51):
        plantlet.say("mes", number, told)
    assert "field-vanished" not in rules(plantlet)
    for number in range(51, 64):
        plantlet.say("mes", number, {"status": "running"})
    assert "field-vanished" in rules(plantlet)
