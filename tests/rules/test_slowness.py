"""A system that answers slowly is told by its own past, not by a figure for all."""

import datetime

import pytest

from controltower.domain.latency import POLL
from controltower.rules.slowness import FIGURES, SLOW, case_of, is_slow, pace_of, rough
from tests.factories import system

USUAL = FIGURES[SLOW]
NOW = datetime.datetime(2026, 3, 2, 6, 0, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("number", "pace"),
    [(2, 0.0), (3, 0.5), (39, 0.5), (40, 2.0)],
)
def test_few_answers_are_judged_by_their_middle_and_many_by_their_slowest(number: int, pace: float) -> None:
    assert pace_of(number, 0.5, 2.0, USUAL) == pace


@pytest.mark.parametrize(
    ("pace", "usual", "known", "slow"),
    [
        (0.6, 0.05, 100, True),
        (0.6, 0.2, 100, False),
        (0.2, 0.01, 100, False),
        (5.0, 0.01, 19, False),
        (5.0, None, 0, False),
    ],
    ids=["many times as slow", "not much slower", "quick all the same", "too little known", "nothing known"],
)
def test_it_is_slow_against_what_was_usual(pace: float, usual: float | None, known: int, slow: bool) -> None:
    assert is_slow(pace, usual, known, USUAL) is slow


def test_the_exception_says_it_in_round_figures_so_that_it_does_not_change_all_the_time() -> None:
    first, second = (case_of(POLL, system("erp", "erp"), pace, 0.0213, NOW) for pace in (0.5231, 0.4967))
    assert first == second
    assert "0.5 s" in first.why
    assert (first.cause_code, first.remedy.verb, first.system) == (SLOW, "hand-over", "erp")
    assert rough(3.4) == "3 s"
