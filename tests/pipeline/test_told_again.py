"""A record that could not be read rests as soon as it is told again and can be read."""

from typing import Any

from controltower.connectors.contract import UNMAPPED, Fault, PolledRecord, Translation
from controltower.connectors.contract import Page as PolledPage
from controltower.domain.event import Event
from controltower.domain.exception import Case
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.pipeline.poll import poll
from controltower.store import case
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, ScriptedSource


def told(plantlet: Plantlet, plant: str) -> None:
    """Let the scheduler show its one order, of a plant that is mapped or of one that is not."""
    source = plantlet.tower.connectors["aps"]
    assert isinstance(source, ScriptedSource)
    source.pages = [PolledPage("orders", [PolledRecord("MO-1", plant.encode(), "")], {"at": plant})]
    poll(plantlet.tower, "aps")
    plantlet.record()
    plantlet.clock.move(MINUTE)


def read(envelope: Any) -> Translation:
    plant = envelope.body.decode().strip("[]")
    if plant != "LYON":
        words = f"aps does not serve plant {plant!r}"
        return Translation([], [Fault(0, "/0/plant", words, UNMAPPED, "order/MO-1")])
    at = envelope.received_at
    event = Event(
        "order.snapshot", Subject("LYON", "order/MO-1"), "aps", f"row {at}", at, "", {"item": Value("PUMP-7")}
    )
    return Translation([event])


def parked(plantlet: Plantlet, state: str) -> list[Case]:
    with reading(plantlet.tower.engine) as connection:
        found = case.listing(connection, state=state, limit=50)
    return [each for each in found if each.rule == "parked-message"]


def test_a_row_of_a_plant_that_is_not_mapped_until_it_is_shown_as_it_should_be(plantlet: Plantlet) -> None:
    plantlet.tower.connectors["aps"] = ScriptedSource(plantlet.tower.landscape.systems["aps"], read)  # type: ignore[index]
    told(plantlet, "FR02")
    [one] = parked(plantlet, "open")
    assert (one.code, one.remedy.verb) == ("unmapped", "reprocess")
    told(plantlet, "LYON")
    assert parked(plantlet, "open") == []
    assert len(parked(plantlet, "resolved")) == 1
