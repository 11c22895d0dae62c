"""Batches grow while they go well, stay while some fail, and end when most do."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from controltower.domain.batch import SIZES, Course, Tried, course
from controltower.domain.delivery import (
    APPLIED,
    CANCELLED,
    DEAD,
    DELIVERED,
    PENDING,
    RETRYING,
    SENDING,
    STATES,
    UNKNOWN,
    WAITING,
)

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
PATIENCE = datetime.timedelta(minutes=2)
LONG_AGO, JUST_NOW = NOON - datetime.timedelta(minutes=3), NOON - datetime.timedelta(minutes=1)


def of(*tried: tuple[str, datetime.datetime | None]) -> Course:
    return course((Tried(*each) for each in tried), NOON, PATIENCE)


def test_what_is_tried_and_what_is_not_yet() -> None:
    assert of((PENDING, None), (SENDING, LONG_AGO)) == Course(open=2)
    assert of((DELIVERED, None), (APPLIED, LONG_AGO)) == Course(good=2)
    assert of((DEAD, LONG_AGO), (RETRYING, LONG_AGO), (UNKNOWN, LONG_AGO)) == Course(failed=3)
    assert of((RETRYING, JUST_NOW), (UNKNOWN, JUST_NOW)) == Course(open=2)
    assert of((CANCELLED, None), (WAITING, None)) == Course()


def test_growth() -> None:
    assert [Course(good=size).next_size(size) for size in SIZES] == [*SIZES[1:], SIZES[-1]]
    assert Course(good=90, failed=10).next_size(100) == 200
    assert Course(good=89, failed=11).next_size(100) == 100
    assert Course().next_size(20) == 20
    assert (Course(good=10, failed=10).mostly_failed, Course(good=10, failed=11).mostly_failed) == (
        False,
        True,
    )


moments = st.one_of(st.none(), st.sampled_from([LONG_AGO, JUST_NOW]))
batches = st.lists(st.builds(Tried, st.sampled_from(STATES), moments), max_size=40)


@given(batches, st.sampled_from(SIZES))
def test_nothing_is_counted_twice_and_failures_never_let_it_grow(batch: list[Tried], size: int) -> None:
    found = course(batch, NOON, PATIENCE)
    assert sum(found) <= len(batch)
    assert found.next_size(size) >= size
    if found.mostly_failed:
        assert found.next_size(size) == size
