"""What one message shows of its sender's clock, zone and names: pure rules, told from a moment made by hand."""

import datetime
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from controltower.domain.belief import Belief, Hearing
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.landscape import Plant
from controltower.domain.standing import Standing
from controltower.domain.subject import Subject
from controltower.domain.value import Value, odd_hour, time_value
from controltower.rules.sighting import Moment
from controltower.rules.sightings import seen
from tests.factories import MINUTE, MORNING, landscape

ORDER = Subject("LYON", "order/MO-1")
GOOD = {"quantity_good": Value("60", "EA")}


def moment(
    ahead: datetime.timedelta,
    before: Hearing | None = None,
    beliefs: list[Belief] | None = None,
    source_id: str = "two",
    channel: str = "hook",
    sequence: int = 5,
) -> Moment:
    """An event that comes now, about a fact so far ahead of now (behind, below zero)."""
    event = Event(
        "order.reported", ORDER, "mes", source_id, MORNING + ahead, "", GOOD, sequence=sequence,
    )  # fmt: skip
    standing = Standing(ORDER, {(each.attribute, each.system): each for each in beliefs or ()})
    return Moment(Recorded(event, Position(9, 0), MORNING, channel), before, standing, landscape())


def heard(occurred_at: datetime.datetime, learnt_at: datetime.datetime, sequence: int = 4) -> Hearing:
    return Hearing("mes", "order.reported", occurred_at, learnt_at, sequence, Position(8, 0))


def rules(at: Moment) -> list[str]:
    return [signal.rule for signal in seen(at)]


def test_a_fresh_message_shows_nothing() -> None:
    assert rules(moment(-MINUTE)) == []


@pytest.mark.parametrize(
    ("minutes", "rule"), [(10, "clock-skew"), (59.5, "zone-misread"), (90, "clock-skew")]
)
def test_a_message_from_the_future_is_a_wrong_clock_or_a_wrong_zone(minutes: float, rule: str) -> None:
    assert rules(moment(minutes * MINUTE)) == [rule]


def test_a_zone_of_half_hours_counts_where_a_plant_lies_in_it() -> None:
    ahead = moment(329 * MINUTE)
    pune = Plant("LYON", "Pune", ZoneInfo("Asia/Kolkata"))
    there = replace(landscape(), plants={"LYON": pune})
    assert rules(ahead._replace(landscape=there)) == ["zone-misread"]
    assert rules(ahead) == ["clock-skew"]


def test_old_news_are_late_unless_all_of_this_sender_is_as_old() -> None:
    old, hour = -61 * MINUTE, datetime.timedelta(hours=1)
    constant = heard(MORNING - 20 * MINUTE - hour, MORNING - 20 * MINUTE)
    fresh = heard(MORNING - 90 * MINUTE, MORNING - 89 * MINUTE)
    queued = heard(MORNING - 62 * MINUTE, MORNING)
    assert rules(moment(old)) == ["late-arrival"]
    assert rules(moment(old, fresh)) == ["late-arrival"]
    assert rules(moment(old, queued)) == ["late-arrival"]
    assert rules(moment(old, constant)) == ["zone-misread"]


def test_a_poll_may_bring_what_is_old() -> None:
    assert rules(moment(-3 * 60 * MINUTE, channel="poll")) == []


def believed(text: str, at: datetime.datetime) -> Belief:
    return Belief("quantity_good", "mes", Value(text, "EA"), at, 4, at, Position(8, 0), at)


def test_the_same_word_under_another_id_is_told_apart_from_a_new_word() -> None:
    same, other = believed("60", MORNING), believed("59", MORNING)
    before = heard(MORNING, MORNING)
    assert rules(moment(0 * MINUTE, before, [same])) == ["repeated-fact"]
    assert rules(moment(0 * MINUTE, before, [other])) == []
    assert rules(moment(MINUTE, before, [same])) == []
    assert rules(moment(0 * MINUTE, before, [same], channel="poll")) == []
    assert rules(moment(0 * MINUTE, before._replace(type="order.completed"), [same])) == []


def test_what_was_overtaken_is_said_to_be() -> None:
    assert rules(moment(-MINUTE, heard(MORNING, MORNING, sequence=6))) == ["out-of-order"]


PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "odd", "read"),
    [
        ("2026-10-25T02:30:00", "comes twice", "2026-10-25T00:30:00Z"),
        ("2026-10-25T03:30:00", "", "2026-10-25T02:30:00Z"),
        ("2026-03-29T02:30:00", "does not exist", "2026-03-29T01:30:00Z"),
        ("2026-03-29T01:59:59", "", "2026-03-29T00:59:59Z"),
        ("2026-10-25T02:30:00+01:00", "", "2026-10-25T01:30:00Z"),
    ],
)
def test_the_hour_of_a_clock_change_is_read_by_rule_and_told(text: str, odd: str, read: str) -> None:
    assert odd in odd_hour(text, PARIS)
    assert bool(odd) == bool(odd_hour(text, PARIS))
    assert time_value(text, PARIS).text == read
