"""What one event shows of an order: a status that goes back, a plan moved too late, a record made anew."""

import datetime

from controltower.domain.belief import Belief
from controltower.rules.sightings.frozen_zone_change import SIGHTING as FROZEN
from controltower.rules.sightings.record_recreated import SIGHTING as RECREATED
from controltower.rules.sightings.status_regression import SIGHTING as REGRESSION
from tests.factories import MORNING
from tests.rules.values import belief, words

ORDER, BOX = "LYON/order/MO-1", "LYON/shipment/DN-1"


def at(minutes: int) -> str:
    """A time so many minutes after the moment at which `words` lets its event happen."""
    return (MORNING + datetime.timedelta(hours=1, minutes=minutes)).isoformat()


def plan(start: int) -> list[Belief]:
    """What the scheduler and the ERP hold of an order that begins so many minutes later."""
    return [
        belief("planned_start", "aps", at(start), minute=10),
        belief("due_date", "aps", at(900), minute=10),
        belief("due_date", "erp", at(900), minute=1),
    ]


def test_a_closed_order_that_runs_again_went_back() -> None:
    assert words(REGRESSION, ORDER, {"status": "running"}, belief("status", "erp", "closed")) == [
        "MO-1 went back from closed to running"
    ]


def test_a_status_that_goes_on_or_stays_is_no_step_back() -> None:
    for before, now in (
        ("running", "completed"),
        ("held", "running"),
        ("closed", "closed"),
        ("ready", "released"),
    ):
        assert words(REGRESSION, ORDER, {"status": now}, belief("status", "mes", before)) == []


def test_an_unknown_status_and_a_scheduler_that_thinks_again_are_no_steps_back() -> None:
    assert words(REGRESSION, ORDER, {"status": "unknown"}, belief("status", "erp", "closed")) == []
    assert words(REGRESSION, ORDER, {"status": "released"}, belief("status", "aps", "completed")) == []


def test_an_old_message_is_no_step_back() -> None:
    assert words(REGRESSION, ORDER, {"status": "running"}, belief("status", "erp", "closed", minute=90)) == []


def test_a_plan_moved_shortly_before_its_start_without_a_reason_is_told() -> None:
    [told] = words(FROZEN, ORDER, {"planned_start": at(55), "due_date": at(900)}, *plan(15))
    assert told == "MO-1 was moved by 40 min, 15 min before its start"


def test_a_plan_moved_in_good_time_or_not_at_all_is_none_of_ours() -> None:
    assert words(FROZEN, ORDER, {"planned_start": at(100)}, *plan(60)) == []
    assert words(FROZEN, ORDER, {"planned_start": at(15)}, *plan(15)) == []


def test_a_plan_that_moves_because_the_order_changed_is_right() -> None:
    moved = {"planned_start": at(55)}
    assert words(FROZEN, ORDER, {**moved, "due_date": at(1200)}, *plan(15)) == []
    told = [*plan(15)[:2], belief("due_date", "erp", at(1200), minute=30)]
    assert words(FROZEN, ORDER, {**moved, "due_date": at(900)}, *told) == []


def test_a_record_under_another_key_was_made_anew() -> None:
    held = belief("record", "wms", "17")
    assert words(RECREATED, BOX, {"record": "94"}, held) == [
        "the record of DN-1 was made anew, 94 in the place of 17"
    ]
    assert words(RECREATED, BOX, {"record": "17"}, held) == []
