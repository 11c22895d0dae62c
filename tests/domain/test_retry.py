"""When a failure is tried again, and which failures count as the same."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controltower.domain import failure
from controltower.domain.failure import fingerprint, normalised
from controltower.domain.retry import DELAYS, LONGEST_ASKED, RetryPolicy


@given(st.integers(1, 30), st.integers())
def test_waits_lie_below_the_schedule_and_end_with_it(failures: int, seed: int) -> None:
    wait = RetryPolicy().wait(failures, None, random.Random(seed))
    if failures > len(DELAYS):
        assert wait is None
    else:
        assert wait is not None
        assert 0.5 <= wait <= max(0.5, DELAYS[failures - 1])


def test_jitter_spreads_over_the_whole_wait() -> None:
    waits = [RetryPolicy((100.0,)).wait(1, None, random.Random(seed)) or 0 for seed in range(200)]
    assert min(waits) < 10
    assert max(waits) > 90


@pytest.mark.parametrize(("asked", "waits"), [(7.0, 7.0), (0.0, 0.0), (90_000.0, LONGEST_ASKED)])
def test_what_the_target_asks_for_wins_up_to_an_hour(asked: float, waits: float) -> None:
    assert RetryPolicy().wait(1, asked, random.Random(1)) == waits


def test_the_last_failure_is_the_last_whatever_was_asked_for() -> None:
    assert RetryPolicy((1.0,)).wait(2, 5.0, random.Random(1)) is None


def test_failures_that_differ_in_numbers_and_names_are_one_group() -> None:
    one = fingerprint("orders", "aps", failure.REFUSED, "order MO-1001 has no routing 'R01' at 12:30")
    other = fingerprint("orders", "aps", failure.REFUSED, "order MO-2 has no routing 'R9' at 7:05")
    assert one == other
    assert one != fingerprint("orders", "aps", failure.REFUSED, "order MO-2 has no bill of material")
    assert one != fingerprint("orders", "mes", failure.REFUSED, "order MO-2 has no routing 'R9' at 7:05")


@given(st.text())
def test_any_words_are_normalised_once_and_for_all(words: str) -> None:
    once = normalised(words)
    assert len(once) <= 200
    assert not any(letter.isdecimal() for letter in once)
