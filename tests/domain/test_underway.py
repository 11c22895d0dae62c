"""A drift says how far the tower's own message about it has come, with that message as evidence."""

import datetime
from dataclasses import replace
from typing import Any

import pytest

from controltower.domain import cause, failure
from controltower.domain.cause import Finding, Witness
from controltower.domain.delivery import (
    APPLIED,
    CANCELLED,
    DEAD,
    DELIVERED,
    PENDING,
    RESUBMITTED,
    RETRYING,
    SENDING,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
    Delivery,
)
from controltower.domain.event import Position
from controltower.domain.value import Value
from tests.domain.test_cause import ORDER, Story
from tests.factories import MINUTE, MORNING, ORDERS, carrying, due

NOW = MORNING + 60 * MINUTE
ROUTES = carrying(ORDERS, replace(ORDERS, name="each", waits_behind_dead=True))


def message(id: int = 1, day: int = 12, **changed: Any) -> Delivery:
    """The tower's message to the scheduler about the ERP's change, written three minutes into the story."""
    made = Delivery(
        id=id, subject=ORDER, route=ORDERS.name, target="aps", source="erp", type="order.changed",
        attributes={"due_date": Value(due(day))}, refs={}, event="e", position=Position(3, 0),
        occurred_at=MORNING, created_at=MORNING + 3 * MINUTE, ordinal=id, key=f"key-{id}", trace="",
    )  # fmt: skip
    return made._replace(**changed)


def cause_of(*sent: Delivery, shut: str = "", at: datetime.datetime = NOW, lack: str = "") -> Finding:
    """The cause of a drift of which this much had been sent."""
    story = Story(ROUTES).tell("erp", day=9).tell("aps", day=9).tell("erp", day=12)
    return story.cause(Witness(sent=sent, shut=shut, shut_words=shut and f"{shut} by ada", lack=lack, at=at))


def agreed_again(*sent: Delivery, late: bool = True) -> Finding:
    """The cause of a drift that ended in its fifth minute."""
    story = Story(ROUTES).tell("erp", day=9).tell("aps", day=9).tell("erp", day=12).tell("erp", day=12)
    open_one = story.drift
    story.tell("aps", day=12)
    closed = story.standing.changed_drifts[open_one.id]
    if late:
        closed = closed._replace(allowed_until=MORNING + 4 * MINUTE)
    return cause.find(closed, story.history, ROUTES, Witness(sent=sent))


FAILED: dict[str, Any] = {
    "attempts": 2,
    "error": failure.TROUBLE,
    "words": "internal error",
    "next_at": NOW + MINUTE,
}
TAKEN: dict[str, Any] = {"state": DELIVERED, "delivered_at": MORNING + 4 * MINUTE, "attempts": 1}


@pytest.mark.parametrize(
    ("changed", "expected", "word"),
    [
        ({"state": PENDING}, "in-flight", "about to go"),
        ({"state": SENDING, "attempts": 1}, "in-flight", "about to go"),
        ({"state": SENDING, **FAILED}, "retrying", "failed 2 times"),
        ({"state": RETRYING, **FAILED}, "retrying", "tried again at 07:01:00 UTC"),
        ({"state": UNKNOWN, **FAILED}, "retrying", "internal error"),
        ({"state": DEAD, **FAILED}, "dead-lettered", "after 2 attempts (trouble at the target)"),
        ({"state": CANCELLED, "author": "ada", "reason": "sent by phone"}, "discarded", "ada discarded"),
        ({**TAKEN, "applied_by": NOW + MINUTE}, "in-flight", "has until 07:01 UTC to show it"),
        ({**TAKEN, "applied_by": NOW - MINUTE}, "not-applied", "yet still holds 9 Mar"),
        (TAKEN, "not-applied", "took the message at 06:04 UTC"),
    ],
)
def test_how_far_it_has_come(changed: dict[str, Any], expected: str, word: str) -> None:
    finding = cause_of(message(**changed))
    assert finding.cause == expected
    assert word in finding.why
    assert finding.action
    assert finding.evidence[0]["message"] == "3"
    assert finding.evidence[-1]["delivery"] == "1"
    assert expected in cause.TITLES


@pytest.mark.parametrize(
    ("shut", "action"),
    [
        ("paused", "Resume the interface to APS"),
        ("circuit open", "Bring APS"),
        ("maintenance", "as soon as APS takes"),
    ],
)
def test_a_shut_way_holds_it(shut: str, action: str) -> None:
    finding = cause_of(message(state=RETRYING, **FAILED), shut=shut)
    assert (finding.cause, f"{shut} by ada" in finding.why) == ("held", True)
    assert action in finding.action


def test_a_shut_way_holds_nothing_that_is_dead() -> None:
    assert cause_of(message(state=DEAD, **FAILED), shut="paused").cause == "dead-lettered"


def test_the_newest_words_count() -> None:
    old = message(1, state=SUPERSEDED)
    assert cause_of(old, message(2, state=RETRYING, **FAILED)).cause == "retrying"
    dead = message(1, state=RESUBMITTED)
    assert cause_of(dead, message(2, ordinal=1, original=1)).cause == "in-flight"


def test_an_owner_that_says_the_same_again_has_not_changed_it() -> None:
    story = Story(ROUTES).tell("erp", day=9).tell("aps", day=9).tell("erp", day=12).tell("erp", day=12)
    assert story.cause(Witness(sent=[message(state=DEAD, **FAILED)], at=NOW)).cause == "dead-lettered"


def test_words_of_before_the_change_do_not_count() -> None:
    assert cause_of(message(created_at=MORNING, state=DEAD, **FAILED)).cause == "never-announced"


def test_words_about_something_else_do_not_count() -> None:
    other = message(attributes={"quantity": Value("5", "EA")}, state=DEAD)
    assert cause_of(other).cause == "never-announced"


def test_one_that_waits_tells_of_the_one_before_it() -> None:
    dead = message(1, route="each", attributes={}, state=DEAD, **FAILED)
    waiting = message(2, route="each", state=WAITING)
    finding = cause_of(dead, waiting)
    assert (finding.cause, finding.evidence[-1]["delivery"]) == ("dead-lettered", "1")
    ahead = message(1, attributes={}, state=RETRYING, **FAILED)
    assert cause_of(ahead, waiting).cause == "retrying"


def test_what_lacks_is_said() -> None:
    finding = cause_of(lack="Orders to the scheduler needs: quantity.")
    assert (finding.cause, finding.why) == ("incomplete", "Orders to the scheduler needs: quantity.")


def test_a_refusal_by_event_is_surer_than_the_answer_to_the_message() -> None:
    story = Story(ROUTES).tell("erp", day=9).tell("aps", day=9).tell("erp", day=12).tell("aps", "rejected")
    assert story.cause(Witness(sent=[message(**TAKEN)], at=NOW)).cause == "rejected"


def test_an_edited_copy_and_old_news_tell_who_sent_them() -> None:
    by_hand = {**TAKEN, "author": "ada", "reason": "as agreed by phone"}
    edited = cause_of(message(day=9, edited=True, **by_hand))
    assert (edited.cause, "ada sent APS an edited copy with 9 Mar" in edited.why) == ("overwritten", True)
    forced = cause_of(
        message(2, **{**TAKEN, "state": APPLIED}), message(3, 9, ordinal=1, forced=True, **by_hand)
    )
    assert (forced.cause, "ada sent APS the older 9 Mar" in forced.why) == ("out-of-order", True)
    assert forced.evidence[-1]["delivery"] == "3"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "not-applied"),
        ({"attempts": 3}, "retrying"),
        ({"original": 7, "author": "ada"}, "dead-lettered"),
        ({"delivered_at": MORNING + 5 * MINUTE}, "held"),
    ],
)
def test_a_drift_that_is_over_says_what_delayed_the_message(changed: dict[str, Any], expected: str) -> None:
    finding = agreed_again(message(**{**TAKEN, "state": APPLIED, **changed}))
    assert finding.cause == expected
    assert finding.evidence[-1]["delivery"] == "1"


def test_what_was_taken_after_the_drift_was_over_did_not_end_it() -> None:
    assert agreed_again(message(**{**TAKEN, "delivered_at": NOW})).cause == "never-announced"
