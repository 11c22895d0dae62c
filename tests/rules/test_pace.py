"""How often a source speaks: learnt as it goes along, judged against its own hours, quiet while it is as usual."""

import datetime
import itertools
from dataclasses import replace
from random import Random

import pytest

from controltower.domain.calendar import Calendar
from controltower.domain.pace import HOUR, Finished, Pace, begun, heard, learnt, moved_on
from controltower.rules import pace as rule
from controltower.rules.pace import DROP, FIGURES, RISE, Usual
from tests.factories import MINUTE, MORNING, landscape

DAY = datetime.timedelta(days=1)
NEW, SIXTY = Usual(), Usual([60] * 6, [60] * 6)


def spoken(minutes: float, every: float, system: str = "mes", seed: int = 1) -> Pace:
    """A channel that spoke by chance, on the average each so many minutes."""
    chance, at, pace = Random(seed), MORNING, begun(system, "hook", MORNING)
    for number in itertools.count(1):
        at += chance.expovariate(1 / every) * MINUTE
        if at > MORNING + minutes * MINUTE:
            return moved_on(pace, MORNING + minutes * MINUTE)[0]
        pace, _ = heard(pace, at, 1, number)
    raise AssertionError


def low(pace: Pace, usual: Usual, minutes_later: float = 0.0) -> str:
    at = pace.slot_at + minutes_later * MINUTE
    return rule.dropped(moved_on(pace, at)[0], usual, FIGURES[DROP], at)


def test_hours_that_are_over_are_told_once_each_and_an_hour_begun_before_is_not() -> None:
    pace = begun("mes", "hook", MORNING + 30 * MINUTE)
    pace, first = heard(pace, MORNING + 70 * MINUTE, 3, 1)
    pace, second = heard(pace, MORNING + 130 * MINUTE, 2, 2)
    pace, third = heard(pace, MORNING + 250 * MINUTE, 1, 3)
    assert (first, second) == ([], [Finished(MORNING + HOUR, 3)])
    assert third == [Finished(MORNING + 2 * HOUR, 2), Finished(MORNING + 3 * HOUR, 0)]


def test_an_absence_of_weeks_begins_anew() -> None:
    pace, _ = heard(begun("mes", "hook", MORNING), MORNING + MINUTE, 3, 1)
    later = MORNING + datetime.timedelta(days=30)
    anew, finished = heard(pace, later, 1, 2)
    assert (anew.since, anew.within(3), finished) == (later, 1, [])


def test_only_the_last_weeks_of_an_hour_are_kept() -> None:
    counts: tuple[int, ...] = ()
    for week in range(30):
        counts = learnt(counts, week)
    assert counts == tuple(range(18, 30))


@pytest.mark.parametrize("seed", range(20))
def test_chance_is_no_news_by_the_own_pace(seed: int) -> None:
    whole = spoken(24 * 60, 3.0, seed=seed)
    assert low(whole, NEW) == rule.risen(whole, NEW, FIGURES[RISE], whole.slot_at) == ""


@pytest.mark.parametrize("seed", range(20))
def test_chance_is_no_news_against_the_same_hour_of_other_weeks(seed: int) -> None:
    chance = Random(seed)
    counts = [sum(chance.random() < 1 / 3 for _ in range(60)) for _ in range(16)]
    weeks = Usual(counts[:8], counts[8:])
    assert low(spoken(24 * 60, 3.0, seed=seed), weeks) == ""


def test_a_source_that_falls_silent_is_told_long_before_an_hour_is_over() -> None:
    pace = spoken(24 * 60, 1.0)
    assert "at least" in low(pace, Usual([60, 55, 62, 58], [61] * 4), 16)
    assert low(pace, Usual([60, 55, 62]), 16) == ""
    assert "Silent for" in low(pace, NEW, 45)
    assert "Silent for" not in low(pace, NEW, 15)


def test_a_source_that_speaks_half_as_often_is_told_and_one_that_recovers_is_well_again() -> None:
    assert "are usual at this hour" in low(spoken(24 * 60, 4.0), SIXTY)
    dead = spoken(24 * 60, 1.0)._replace(slots=(0,) * 20 + (0, 5, 5, 5))
    assert low(dead, SIXTY) == ""


def test_nothing_is_said_of_a_source_that_is_hardly_known() -> None:
    assert low(spoken(60, 1.0), NEW, 300) == ""
    assert low(spoken(600, 30.0), NEW, 3000) == ""


def test_a_flood_is_told_against_weeks_and_against_its_own_peak() -> None:
    pace = spoken(24 * 60, 1.0)
    flood, _ = heard(pace, pace.slot_at, 400, 10**6)
    assert "the most that is usual" in rule.risen(flood, NEW, FIGURES[RISE], pace.slot_at)
    assert "the most that is usual" in rule.risen(flood, SIXTY, FIGURES[RISE], pace.slot_at)
    assert rule.risen(pace, SIXTY, FIGURES[RISE], pace.slot_at) == ""


def test_where_all_fall_silent_together_no_single_source_is_to_blame() -> None:
    mine, *others = [spoken(24 * 60, 2.0, system, seed) for seed, system in enumerate("abcdef")]
    now = mine.slot_at
    assert rule.others_go_on(mine, others, FIGURES[DROP], now)
    assert not rule.others_go_on(mine, others, FIGURES[DROP], now + HOUR)
    assert not rule.others_go_on(mine, others[:1], FIGURES[DROP], now)


def test_a_plant_that_is_shut_is_not_expected_to_speak() -> None:
    weekdays = tuple(((0, 1440),) if day < 5 else () for day in range(7))
    shut = Calendar("five", datetime.UTC, weekdays, closed=frozenset([(MORNING + DAY).date()]))
    plant = replace(landscape().plants["LYON"], calendar="five")
    land = landscape(plants={"LYON": plant}, calendars={"five": shut})
    assert [rule.at_work(land, "mes", MORNING + days * DAY) for days in range(-1, 3)] == [
        False,
        True,
        False,
        True,
    ]
    assert rule.at_work(landscape(), "mes", MORNING - DAY)
