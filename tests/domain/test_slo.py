"""Error budgets and burn rates: what is spent, what is left, and when that alarms."""

import datetime

import pytest

from controltower.domain.slo import ALERTS, Slo, Tally, burns, limit_of

HOUR = datetime.timedelta(hours=1)
FAST, STEADY, SLOW = ALERTS


def test_a_budget_is_spent_by_what_is_bad() -> None:
    kept = Tally(good=998, total=1000)
    assert kept.share == 0.998
    assert kept.burn(0.99) == pytest.approx(0.2)
    assert kept.budget_left(0.99) == pytest.approx(0.8)
    assert Tally(good=980, total=1000).budget_left(0.99) == pytest.approx(-1)


def test_of_nothing_there_is_no_share() -> None:
    assert (Tally().share, Tally().budget_left(0.99), Tally().burn(0.99)) == (None, None, 0.0)


def test_the_windows_are_those_of_the_workbook() -> None:
    told = [(each.long / HOUR, each.short / HOUR * 60, each.burn) for each in ALERTS]
    assert told == [(1, 5, 14.4), (6, 30, 6), (72, 360, 1)]


def test_both_windows_must_burn_and_one_failure_is_no_alarm() -> None:
    limit = limit_of(FAST, 0.99)
    bad, calm = Tally(80, 100), Tally(100, 100)
    assert burns(bad, bad, limit, 0.99, least=5)
    assert not burns(calm, bad, limit, 0.99, least=5), "it is over"
    assert not burns(bad, calm, limit, 0.99, least=5), "it is a moment only"
    assert not burns(Tally(0, 1), Tally(0, 1), limit, 0.99, least=5), "one of one"


def test_a_generous_promise_can_still_alarm() -> None:
    """With a tenth allowed to fail, all that can fail burns ten times as fast as allowed."""
    assert limit_of(FAST, 0.9) == pytest.approx(9)
    assert burns(Tally(0, 20), Tally(0, 20), limit_of(FAST, 0.9), 0.9, least=5)
    assert limit_of(SLOW, 0.99) == 1.0


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("in-latency", ("erp", "")),
        ("freshness", ("erp", "")),
        ("delivery", ("orders", "erp")),
        ("applied", ("orders", "erp")),
        ("expectation", ("known", "erp")),
        ("flow", ("make", "")),
    ],
)
def test_what_is_promised_says_what_is_measured(what: str, named: tuple[str, str]) -> None:
    slo = Slo("s", "S", what, HOUR, system="erp", route="orders", flow="make", rule="known")
    assert slo.named == named
