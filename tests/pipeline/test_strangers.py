"""Orders under wrong names, and records told again: over the whole way from the door to the exception."""

from controltower.domain.exception import Case
from controltower.pipeline.detect import detect
from controltower.store import case
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet

ELSEWHERE = "LYON/order/mo-0001"


def exceptions(plantlet: Plantlet, state: str = "open") -> list[Case]:
    with reading(plantlet.tower.engine) as connection:
        return case.listing(connection, state=state, limit=50)


def later(plantlet: Plantlet, minutes: int) -> None:
    plantlet.record()
    plantlet.clock.move(minutes * MINUTE)
    detect(plantlet.tower)


def test_an_order_under_another_name_is_told_with_the_one_that_it_means(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"status": "released"})
    plantlet.say("mes", 1, {"status": "running"}, subject=ELSEWHERE)
    later(plantlet, 31)
    [one] = [each for each in exceptions(plantlet) if each.rule == "unknown-order"]
    assert (one.code, one.system) == ("twin-key", "mes")
    assert "MO-1" in one.why
    plantlet.say("mes", 2, {"status": "running"})
    later(plantlet, 1)
    assert [each for each in exceptions(plantlet) if each.rule == "unknown-order"] == []


def test_an_order_that_the_erp_tells_of_a_little_later_is_no_stranger(plantlet: Plantlet) -> None:
    plantlet.say("mes", 1, {"status": "running"})
    later(plantlet, 10)
    plantlet.say("erp", 1, {"status": "released"})
    later(plantlet, 31)
    assert exceptions(plantlet) == []
