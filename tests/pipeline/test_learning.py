"""How often a source speaks is learnt from what is recorded, by hour of the week, and once."""

from sqlalchemy import Engine

from controltower.domain.exception import OPEN
from controltower.domain.pace import HOUR, Pace, hour_of_week
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.watching import watch
from controltower.store import case, pace
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, MORNING, PARIS, Plantlet


def learnt(plant: Plantlet) -> tuple[Pace, dict[pace.Hour, tuple[int, ...]]]:
    with reading(plant.tower.engine) as connection:
        [found] = pace.every(connection)
        hours = [("mes", "hook", hour) for hour in range(168)]
        return found, pace.usual(connection, hours)


def test_hours_are_learnt_once_though_the_ledger_is_told_anew(engine: Engine) -> None:
    plant = Plantlet(engine)
    for number in range(
        1, 31
    ):  # each five minutes from 06:00 on, so that 07:00 and 08:00 UTC are whole hours
        plant.say("mes", number, {"priority": number})
        plant.record()
        plant.clock.move(5 * MINUTE)
    eight = ("mes", "hook", hour_of_week(MORNING + HOUR, PARIS))
    found, hours = learnt(plant)
    assert hours[eight] == (12,)
    assert (found.within(3), found.gaps_learnt) == (4, 29)
    reprocess(plant.tower, lambda done, all: None)
    assert learnt(plant) == (found, hours)


def test_a_source_below_its_weeks_is_an_exception_while_others_speak(engine: Engine) -> None:
    plant = Plantlet(engine)
    speaking = Pace("aps", "poll", MORNING - 9 * HOUR, MORNING, 1, MORNING, (5,) * 24, {16: 100})
    silent = speaking._replace(system="mes", channel="hook", slots=(5,) * 20 + (0,) * 4)
    others = [speaking, speaking._replace(system="erp")]
    hours = [(("mes", "hook", hour_of_week(at, PARIS)), [60] * 6) for at in (MORNING, MORNING - HOUR)]
    with writing(plant.tower.engine) as connection:
        pace.put(connection, [silent, *others])
        pace.learn(connection, hours)
    watch(plant.tower)
    with reading(plant.tower.engine) as connection:
        [found] = case.listing(connection, state=OPEN)
    assert (found.rule, found.system, found.key) == ("rate-low", "mes", "mes hook")
    assert "are usual at this hour" in found.why
