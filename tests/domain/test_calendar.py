"""Working time passes only while a calendar is open, on the days when the clocks change too."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controltower.domain.calendar import ALWAYS, Calendar
from controltower.landscape_files.working_hours import of_year, public_holidays

PARIS = ZoneInfo("Europe/Paris")
HOUR = datetime.timedelta(hours=1)
FEW = settings(max_examples=40, deadline=None)
LEAST = datetime.timedelta(microseconds=1)
TWO_SHIFTS = Calendar("two", PARIS, (((360, 1320),),) * 5 + ((), ()))
NIGHTS = Calendar("night", PARIS, (((1320, 360),),) * 7)
ROUND = Calendar("round", PARIS, (((0, 1440),),) * 7)
FRENCH = Calendar("fr", PARIS, (((360, 1320),),) * 7, public_holidays("FR"))

moments = st.datetimes(
    datetime.datetime(2025, 1, 1),  # noqa: DTZ001 (hypothesis wants its bounds naive)
    datetime.datetime(2027, 12, 1),  # noqa: DTZ001
    timezones=st.just(datetime.UTC),
)
spans = st.timedeltas(LEAST, datetime.timedelta(days=4))
stretches = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda each: each[0] != each[1])
calendars = st.builds(
    Calendar,
    st.uuids().map(str),
    st.sampled_from([PARIS, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
    st.lists(st.lists(stretches, max_size=3).map(tuple), min_size=7, max_size=7)
    .map(tuple)
    .filter(lambda week: any(sum((end - start) % 1440 for start, end in day) > 180 for day in week)),
    st.just(public_holidays("FR")),
)


def local(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=PARIS)


@FEW
@given(calendars, moments, spans)
def test_what_is_due_is_so_much_working_time_later_and_never_in_closed_time(
    calendar: Calendar, start: datetime.datetime, span: datetime.timedelta
) -> None:
    due = calendar.within(start, span)
    assert calendar.elapsed(start, due) == span
    assert calendar.is_open(due - LEAST)


@FEW
@given(calendars, moments, spans, spans)
def test_it_is_monotone_in_start_and_span(
    calendar: Calendar, start: datetime.datetime, span: datetime.timedelta, more: datetime.timedelta
) -> None:
    due = calendar.within(start, span)
    assert calendar.within(start, span + more) > due
    assert calendar.within(start + more, span) >= due


@FEW
@given(calendars, moments, spans)
def test_working_time_adds_up(calendar: Calendar, start: datetime.datetime, span: datetime.timedelta) -> None:
    middle, end = start + span / 3, start + span
    assert calendar.elapsed(start, middle) + calendar.elapsed(middle, end) == calendar.elapsed(start, end)
    assert datetime.timedelta(0) <= calendar.elapsed(start, end) <= span


@FEW
@given(calendars, moments)
def test_it_opens_at_the_first_open_moment(calendar: Calendar, moment: datetime.datetime) -> None:
    opens = calendar.opens_at(moment)
    assert calendar.is_open(opens)
    assert calendar.elapsed(moment, opens) == datetime.timedelta(0)


@FEW
@given(moments, spans)
def test_without_hours_it_is_always_working_time(start: datetime.datetime, span: datetime.timedelta) -> None:
    assert ALWAYS.within(start, span) == start + span == ROUND.within(start, span)
    assert ALWAYS.is_open(start)


@pytest.mark.parametrize(
    ("calendar", "start", "hours", "due"),
    [
        (TWO_SHIFTS, "2026-03-06T21:00", 2, "2026-03-09T07:00"),  # Friday evening into Monday morning
        (TWO_SHIFTS, "2026-03-06T21:00", 1, "2026-03-06T22:00"),  # the moment of closing
        (TWO_SHIFTS, "2026-03-07T12:00", 1, "2026-03-09T07:00"),
        (NIGHTS, "2026-03-28T22:00", 7, "2026-03-29T06:00"),  # an hour is skipped this night
        (NIGHTS, "2026-10-24T22:00", 9, "2026-10-25T06:00"),  # an hour comes twice this night
        (ROUND, "2026-03-28T12:00", 24, "2026-03-29T13:00"),
        (FRENCH, "2026-05-01T08:00", 2, "2026-05-02T08:00"),  # Labour Day
    ],
)
def test_shifts_weekends_clocks_and_holidays(calendar: Calendar, start: str, hours: int, due: str) -> None:
    assert calendar.within(local(start), hours * HOUR) == local(due)


def test_a_closed_day_closes_what_begins_on_it() -> None:
    calendar = Calendar("x", PARIS, NIGHTS.hours, closed=frozenset({datetime.date(2026, 12, 24)}))
    assert calendar.is_open(local("2026-12-24T05:00"))
    assert not calendar.is_open(local("2026-12-24T23:00"))
    assert not calendar.is_open(local("2026-12-25T05:00"))


def test_hours_that_overlap_count_once() -> None:
    calendar = Calendar("x", PARIS, (((0, 720), (600, 1200)),) * 7)
    assert calendar.elapsed(local("2026-03-02T00:00"), local("2026-03-03T00:00")) == 20 * HOUR


def test_parts_of_a_country_have_holidays_of_their_own() -> None:
    good_friday = datetime.date(2026, 4, 3)
    assert good_friday in of_year("FR", "57", 2026)
    assert good_friday not in of_year("FR", "", 2026)


def test_one_that_never_opens_says_so() -> None:
    shut = Calendar("shut", PARIS, TWO_SHIFTS.hours, lambda year: frozenset(_every_day(year)))
    with pytest.raises(ValueError, match="no working time"):
        shut.within(local("2026-03-02T00:00"), HOUR)


def _every_day(year: int) -> list[datetime.date]:
    first = datetime.date(year, 1, 1)
    return [first + datetime.timedelta(days=day) for day in range(366)]
