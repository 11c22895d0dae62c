"""The state of connections, told as exceptions: what each says, and when."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from controltower.domain.comparison import DIFFERS, MISSING_HERE, Difference, Gap
from controltower.domain.landscape import Landscape, Reconciling, System
from controltower.domain.subject import Subject
from controltower.pipeline.reconcile import is_due
from controltower.rules import comparison, connection

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
WMS = System("wms", "Warehouse", "wms", ("LYON",), "cloudevents", ZoneInfo("Europe/Paris"))
FIGURES = connection.FIGURES[connection.EXPIRY]


@pytest.mark.parametrize(
    ("left", "code", "severity"),
    [
        (29 * DAY, "credential-expiring", "C"),
        (6 * DAY, "credential-expiring", "B"),
        (0.5 * DAY, "credential-expiring", "A"),
        (-DAY, "credential-expired", "A"),
    ],
)
def test_a_credential_is_told_of_in_stages(left: datetime.timedelta, code: str, severity: str) -> None:
    [found] = connection.expiring(WMS, "credential", NOON + left, NOON, FIGURES)
    assert (found.cause_code, found.severity, found.remedy.verb) == (code, severity, "hand-over")


def test_a_credential_that_lasts_is_no_matter() -> None:
    assert not list(connection.expiring(WMS, "certificate", NOON + 31 * DAY, NOON, FIGURES))


def test_a_stage_is_the_same_exception_whenever_it_is_seen() -> None:
    [one] = connection.expiring(WMS, "credential", NOON + 5 * DAY, NOON, FIGURES)
    [other] = connection.expiring(WMS, "credential", NOON + 5 * DAY, NOON + HOUR, FIGURES)
    assert one.id == other.id


def test_a_lost_subscription_is_renewed_since_it_was_last_seen() -> None:
    found = connection.subscription_lost(WMS, NOON, NOON - HOUR)
    assert found.remedy.verb == "renew"
    assert found.remedy.arguments == {"system": "wms", "since": "2026-03-02T11:00:00Z"}


def test_one_subscription_that_lasts_for_ever_is_enough() -> None:
    ending = {"id": "a", "expires_at": "2026-03-02T13:00:00Z"}
    assert connection.ends_of([ending, {"id": "b", "expires_at": None}]) is None
    assert connection.ends_of([ending]) == (ending, NOON + HOUR)


def difference(key: str, kind: str = DIFFERS, due_at: datetime.datetime | None = None) -> Difference:
    gaps = (Gap("on_hand", ("5", "EA"), ("7", "EA")),)
    return Difference("wms", Subject("LYON", f"stock/{key}"), kind, gaps, NOON - HOUR, NOON, due_at)


def test_differences_of_one_kind_are_one_exception_with_the_list() -> None:
    landscape = Landscape(systems={"wms": WMS})
    found = comparison.cases([difference("A"), difference("B"), difference("C", MISSING_HERE)], landscape)
    assert sorted((each.cause_code, each.sightings) for each in found) == [
        ("differs", 2),
        ("missing-here", 1),
    ]
    both = next(each for each in found if each.cause_code == "differs")
    assert both.evidence[0]["what"] == "LYON/stock/A: stock on hand is 5 EA there, 7 EA here"
    assert both.remedy.arguments == {"system": "wms", "since": "2026-03-02T11:00:00Z"}


def test_what_is_on_its_way_alarms_nobody() -> None:
    assert comparison.cases([difference("A", due_at=NOON)], Landscape(systems={"wms": WMS})) == []


@pytest.mark.parametrize(
    ("terms", "last", "now", "due"),
    [
        (Reconciling(every=2 * HOUR), None, NOON + HOUR, False),
        (Reconciling(every=2 * HOUR), None, NOON + 2 * HOUR, True),
        (Reconciling(every=2 * HOUR), NOON + HOUR, NOON + 2 * HOUR, False),
        # Two in the morning in Paris is one o'clock UTC in March.
        (Reconciling(at=datetime.time(2)), None, NOON + 12 * HOUR, False),
        (Reconciling(at=datetime.time(2)), None, NOON + 13 * HOUR, True),
        (Reconciling(at=datetime.time(2)), NOON + 13 * HOUR, NOON + 20 * HOUR, False),
    ],
)
def test_a_system_is_compared_by_its_interval_or_its_own_time_of_day(
    terms: Reconciling, last: datetime.datetime | None, now: datetime.datetime, due: bool
) -> None:
    system = System("wms", "Warehouse", "wms", ("LYON",), "x", ZoneInfo("Europe/Paris"), reconciling=terms)
    assert is_due(system, last, NOON, now) == due
