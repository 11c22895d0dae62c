"""Orders that carry one reference, or were split off one another, are looked at together, on each database."""

from collections.abc import Mapping, Sequence
from typing import Any

from controltower.domain.exception import Case
from controltower.pipeline.detect import detect
from controltower.store import case
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet

OTHER = "LYON/order/MO-2"


def told(plantlet: Plantlet, sequence: int, attributes: Mapping[str, Any], **changed: Any) -> None:
    """The ERP says something, and a quarter of an hour goes by."""
    plantlet.say("erp", sequence, attributes, **changed)
    plantlet.record()
    plantlet.clock.move(15 * MINUTE)
    detect(plantlet.tower)


def open_ones(plantlet: Plantlet) -> Sequence[Case]:
    with reading(plantlet.tower.engine) as connection:
        return case.listing(connection, state="open", limit=10)


def test_a_copied_reference_is_found_until_the_copy_has_its_own(plantlet: Plantlet) -> None:
    told(plantlet, 1, {"reference": "C/17", "status": "released"})
    told(plantlet, 1, {"reference": "C/17", "status": "draft"}, subject=OTHER)
    [found] = open_ones(plantlet)
    assert (found.rule, str(found.subject)) == ("shared-reference", OTHER)
    told(plantlet, 2, {"reference": "C/18"}, subject=OTHER)
    assert open_ones(plantlet) == []


def test_the_first_order_ends_it_too_when_it_is_cancelled(plantlet: Plantlet) -> None:
    told(plantlet, 1, {"reference": "C/17", "status": "released"})
    told(plantlet, 1, {"reference": "C/17", "status": "draft"}, subject=OTHER)
    told(plantlet, 2, {"status": "cancelled"})
    assert open_ones(plantlet) == []


def test_a_split_counts_twice_until_the_whole_gives_it_up(plantlet: Plantlet) -> None:
    told(plantlet, 1, {"quantity": {"value": "100", "unit": "EA"}})
    told(plantlet, 1, {"quantity": {"value": "40", "unit": "EA"}, "parent": "MO-1"}, subject=OTHER)
    [found] = open_ones(plantlet)
    assert (found.rule, str(found.subject)) == ("split-counted-twice", "LYON/order/MO-1")
    told(plantlet, 2, {"quantity": {"value": "60", "unit": "EA"}})
    assert open_ones(plantlet) == []
