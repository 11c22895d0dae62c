"""A record beside the beliefs about it: what differs, what is on its way, and when a difference is over."""

import datetime

from controltower.domain.belief import Belief, Hearing
from controltower.domain.comparison import (
    DIFFERS,
    MISSING_HERE,
    MISSING_THERE,
    OLDER,
    Difference,
    Glance,
    compared,
    lacking,
    looked_at_again,
)
from controltower.domain.event import Event, Position
from controltower.domain.subject import Subject
from controltower.domain.value import Value

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)
LAG = 5 * MINUTE
GLANCE = Glance(NOON, LAG)
STOCK = Subject("LYON", "stock/BOLT/WH1")
LONG_AGO = NOON - 60 * MINUTE


def told(text: str, at: datetime.datetime = LONG_AGO) -> Event:
    return Event("stock.snapshot", STOCK, "wms", "row", at, "", {"on_hand": Value(text, "EA")})


def held(text: str, since: datetime.datetime = LONG_AGO, learnt: datetime.datetime = LONG_AGO) -> Belief:
    value = Value(text, "EA")
    return Belief("on_hand", "wms", value, since, None, learnt, Position(1, 0), since)


def test_what_is_the_same_is_no_difference() -> None:
    assert compared(told("5.0"), {"on_hand": held("5")}, GLANCE) is None


def test_what_was_never_told_is_missing_here() -> None:
    found = compared(told("5"), {}, GLANCE)
    assert found is not None
    assert (found.kind, found.counts, found.gaps[0].here) == (MISSING_HERE, True, None)


def test_what_changed_without_a_word_differs() -> None:
    found = compared(told("5", LONG_AGO + MINUTE), {"on_hand": held("7")}, GLANCE)
    assert found is not None
    assert (found.kind, found.gaps[0].there, found.gaps[0].here) == (DIFFERS, ("5", "EA"), ("7", "EA"))


def test_what_changed_a_moment_ago_is_on_its_way() -> None:
    found = compared(told("5", NOON - MINUTE), {"on_hand": held("7")}, GLANCE)
    assert found is not None
    assert found.due_at == NOON + LAG


def test_what_was_told_meanwhile_is_looked_at_again() -> None:
    found = compared(told("5"), {"on_hand": held("7", NOON - MINUTE, NOON - MINUTE)}, GLANCE)
    assert found is not None
    assert not found.counts


def test_a_record_older_than_what_was_told_long_ago_was_restored() -> None:
    found = compared(told("5", LONG_AGO - 60 * MINUTE), {"on_hand": held("7")}, GLANCE)
    assert found is not None
    assert (found.kind, found.counts) == (OLDER, True)


def heard(type: str = "stock.moved", learnt: datetime.datetime = LONG_AGO) -> Hearing:
    return Hearing("wms", type, LONG_AGO, learnt, None, Position(1, 0))


def test_what_is_not_told_any_more_was_deleted_unless_that_was_said() -> None:
    assert lacking(heard("stock.deleted"), STOCK, {}, GLANCE) is None
    found = lacking(heard(), STOCK, {}, GLANCE)
    assert found is not None
    assert found.kind == MISSING_THERE


def test_what_has_ended_may_be_tidied_away() -> None:
    status = held("5")._replace(attribute="status", value=Value("closed"))
    assert lacking(heard(), STOCK, {"status": status}, GLANCE) is None


def difference(kind: str = DIFFERS, due_at: datetime.datetime | None = NOON + LAG) -> Difference:
    found = compared(told("5"), {"on_hand": held("7")}, GLANCE)
    assert found is not None
    return found._replace(kind=kind, due_at=due_at)


def test_a_difference_counts_once_it_outlives_the_second_look() -> None:
    early = looked_at_again(difference(), heard(), {"on_hand": held("7")}, NOON + MINUTE)
    late = looked_at_again(difference(), heard(), {"on_hand": held("7")}, NOON + LAG)
    assert early is not None
    assert late is not None
    assert (early.counts, late.counts) == (False, True)


def test_a_difference_is_over_once_both_sides_hold_the_same() -> None:
    assert looked_at_again(difference(), heard(), {"on_hand": held("5")}, NOON) is None


def test_a_difference_is_over_once_the_source_has_told_something_newer() -> None:
    newer = held("9", NOON + MINUTE, NOON + MINUTE)
    assert looked_at_again(difference(), heard(), {"on_hand": newer}, NOON + MINUTE) is None
    # Two changes within one tick of its clock: the second was heard after the look.
    alike = held("9", since=difference().stamp, learnt=NOON + MINUTE)
    assert looked_at_again(difference(), heard(), {"on_hand": alike}, NOON + MINUTE) is None
    earlier = held("9", since=difference().stamp, learnt=NOON - MINUTE)
    assert looked_at_again(difference(), heard(), {"on_hand": earlier}, NOON + MINUTE) is not None


def test_what_was_missing_is_here_once_anything_is_believed_of_it() -> None:
    assert looked_at_again(difference(MISSING_HERE), None, {}, NOON) is not None
    assert looked_at_again(difference(MISSING_HERE), heard(), {"on_hand": held("9")}, NOON) is None


def test_what_was_gone_is_back_once_it_is_heard_of() -> None:
    assert looked_at_again(difference(MISSING_THERE), heard(), {}, NOON) is not None
    assert looked_at_again(difference(MISSING_THERE), heard(learnt=NOON + MINUTE), {}, NOON) is None
