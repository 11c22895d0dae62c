"""Verdicts about sending again: whatever the ledger holds, old news is never called safe."""

import datetime
import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controltower.domain.belief import Belief
from controltower.domain.delivery import (
    APPLIED,
    CANCELLED,
    DEAD,
    DELIVERED,
    PENDING,
    RESUBMITTED,
    RETRYING,
    SENDING,
    STATES,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
    Delivery,
)
from controltower.domain.event import Position
from controltower.domain.expectation import Sign
from controltower.domain.rehearsal import (
    BLOCKED,
    SAFE,
    VERDICTS,
    Circumstances,
    Selection,
    Verdict,
    verdict,
    why_not,
)
from controltower.domain.subject import Subject
from controltower.domain.value import Value

NOON = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
ORDER = Subject("LYON", "order/MO-1")
NAMES = ("priority", "item", "bom_version")


def sent(id: int = 10, state: str = DEAD, ordinal: int | None = None, /, **values: str) -> Delivery:
    """A delivery about the order, whose number is its time too."""
    at = NOON + datetime.timedelta(minutes=id)
    return Delivery(
        id, ORDER, "plans", "mes", "aps", "order.changed", {name: Value(text) for name, text in values.items()}, {},
        f"event-{id}", Position(id, 0), at, at, ordinal or id, f"key-{id}", "trace", state=state,
    )  # fmt: skip


def holding(system: str, at: int, **values: str) -> dict[str, Belief]:
    """What a system holds since the minute `at`."""
    since = NOON + datetime.timedelta(minutes=at)
    return {
        name: Belief(name, system, Value(text), since, None, since, Position(at, 0), since)
        for name, text in values.items()
    }


def kind_of(**known: object) -> str:
    return verdict(Circumstances(**known)).kind  # type: ignore[arg-type]


# ---- one by one -------------------------------------------------------------------------------------------------


def test_safe_when_nothing_newer_is_known() -> None:
    mine = sent(item="A")
    assert kind_of(delivery=mine) == SAFE
    assert (
        kind_of(delivery=mine, present=holding("aps", 10, item="A"), held=holding("mes", 5, item="B")) == SAFE
    )


def test_told_newer_says_by_which_delivery() -> None:
    known = Circumstances(sent(item="A"), mates=(sent(11, DELIVERED, item="B"), sent(12, APPLIED, item="C")))
    found = verdict(known)
    assert (found.kind, found.is_stale) == (SUPERSEDED, True)
    assert [(fact["delivery"], fact["event"]) for fact in found.facts] == [(12, "event-12")]
    assert "item C" in str(found.facts[0]["what"])


@pytest.mark.parametrize("state", [SENDING, UNKNOWN])
def test_what_may_have_arrived_counts_as_told(state: str) -> None:
    assert kind_of(delivery=sent(item="A"), mates=(sent(11, state, item="B"),)) == SUPERSEDED


@pytest.mark.parametrize("state", [DEAD, WAITING, PENDING, RETRYING, SUPERSEDED, CANCELLED, RESUBMITTED])
def test_what_was_not_told_does_not_count(state: str) -> None:
    assert kind_of(delivery=sent(item="A"), mates=(sent(11, state, item="B"),)) == SAFE


def test_older_words_and_other_attributes_do_not_count() -> None:
    assert kind_of(delivery=sent(item="A"), mates=(sent(9, DELIVERED, item="B"),)) == SAFE
    assert kind_of(delivery=sent(item="A"), mates=(sent(11, DELIVERED, priority="1"),)) == SAFE


def test_the_same_said_since_is_delivered() -> None:
    same = sent(11, DELIVERED, item="A", priority="1")
    assert kind_of(delivery=sent(item="A"), mates=(same,)) == DELIVERED
    assert kind_of(delivery=sent(item="A", bom_version="2"), mates=(same,)) == SAFE
    assert kind_of(delivery=sent(item="A"), mates=(same, sent(12, DELIVERED, item="B"))) == SUPERSEDED


def test_a_copy_that_was_taken_is_delivered() -> None:
    copy = sent(20, DELIVERED, 10, item="A")
    assert kind_of(delivery=sent(item="A"), mates=(copy, sent(15, DELIVERED, item="B"))) == DELIVERED
    assert kind_of(delivery=sent(item="A"), mates=(copy._replace(state=DEAD),)) == SAFE


def test_the_target_holds_it_already() -> None:
    mine = sent(item="A", priority="1")
    assert kind_of(delivery=mine, held=holding("mes", 5, item="A", priority="1")) == DELIVERED
    assert kind_of(delivery=mine, held=holding("mes", 5, item="A")) == SAFE


def test_what_follows_from_it_in_the_course_of_things_is_no_contradiction() -> None:
    mine = sent(status="released", item="A")
    held = holding("mes", 15, status="running", item="A")
    assert kind_of(delivery=mine, held=held) == SUPERSEDED
    followed = Sign("mes", attribute="status", becomes=frozenset({"released", "running"}))
    assert kind_of(delivery=mine, held=held, applied=followed) == DELIVERED


def test_the_targets_own_newer_value_is_respected_and_an_older_one_is_not() -> None:
    mine = sent(item="A")
    assert kind_of(delivery=mine, held=holding("mes", 15, item="B")) == SUPERSEDED
    assert kind_of(delivery=mine, held=holding("mes", 5, item="B")) == SAFE
    ahead = {"item": holding("mes", 15, item="B")["item"]._replace(position=Position(5, 0))}
    assert kind_of(delivery=mine, held=ahead) == SAFE  # its clock runs ahead: we heard of it before


def test_the_owner_has_moved_on_unless_each_message_counts() -> None:
    moved = {"delivery": sent(item="A"), "present": holding("aps", 11, item="B")}
    assert kind_of(**moved) == SUPERSEDED
    assert kind_of(**moved, every=True) == SAFE
    assert kind_of(**moved, fixed=frozenset({"item"})) == SAFE


def test_an_edit_differs_from_its_owner_on_purpose() -> None:
    edited = sent(item="B")._replace(edited=True)
    known = {"delivery": edited, "first": {"item": Value("A")}}
    assert kind_of(**known, present=holding("aps", 10, item="A")) == SAFE
    assert kind_of(**known, present=holding("aps", 11, item="C")) == SUPERSEDED
    assert kind_of(**known, present=holding("aps", 11, item="B")) == SAFE


def test_blocked_says_by_what() -> None:
    mine = sent(item="A")
    assert verdict(Circumstances(mine, barred="mes is paused.")) == Verdict(
        BLOCKED, "mes is paused.", is_barred=True
    )
    behind = verdict(Circumstances(mine, behind=sent(9, item="A")))
    assert (behind.kind, behind.facts[0]["delivery"]) == (BLOCKED, 9)
    for state in (SENDING, UNKNOWN, RESUBMITTED):
        found = verdict(Circumstances(mine._replace(state=state)))
        assert (found.kind, found.why) == (BLOCKED, why_not(mine._replace(state=state)))


def test_old_news_comes_before_what_blocks() -> None:
    mine, newer = sent(item="A"), sent(11, DELIVERED, item="B")
    assert kind_of(delivery=mine, mates=(newer,), barred="paused", behind=sent(9)) == SUPERSEDED
    assert kind_of(delivery=mine._replace(state=DELIVERED), mates=(newer,), barred="paused") == DELIVERED


# ---- whatever the ledger holds ----------------------------------------------------------------------------------

texts = st.sampled_from("1234")
contents = st.dictionaries(st.sampled_from(NAMES), texts, min_size=1)


@st.composite
def mates(draw: st.DrawFn) -> Delivery:
    id = draw(st.integers(1, 30))
    return sent(id, draw(st.sampled_from(STATES)), draw(st.sampled_from([None, 10])), **draw(contents))


@st.composite
def beliefs(draw: st.DrawFn, system: str) -> dict[str, Belief]:
    found: dict[str, Belief] = {}
    for name, text in draw(st.dictionaries(st.sampled_from(NAMES), texts)).items():
        found |= holding(system, draw(st.integers(1, 30)), **{name: text})
    return found


@st.composite
def circumstances(draw: st.DrawFn) -> Circumstances:
    mine = sent(10, draw(st.sampled_from(STATES)), **draw(contents))
    others = {each.id: each for each in draw(st.lists(mates(), max_size=6)) if each.id != mine.id}
    return Circumstances(
        mine, draw(beliefs("aps")), draw(beliefs("mes")), tuple(others.values()), every=draw(st.booleans()),
        barred=draw(st.sampled_from(["", "mes is paused."])),
        behind=draw(st.sampled_from([None, sent(3, item="1")])),
    )  # fmt: skip


def newest_told(known: Circumstances) -> Mapping[str, str]:
    """Of each carried attribute what the target was told last by anything newer."""
    found: dict[str, str] = {}
    for other in sorted(known.mates, key=lambda each: (each.ordinal, each.id)):
        if other.ordinal > known.delivery.ordinal and other.state in (DELIVERED, APPLIED, SENDING, UNKNOWN):
            found |= {name: value.text for name, value in other.attributes.items() if name in known.carried}
    return found


@given(circumstances())
def test_every_case_has_a_verdict_that_says_what_it_rests_on(known: Circumstances) -> None:
    found = verdict(known)
    assert found.kind in VERDICTS
    assert found.why
    assert found.facts or found.kind in (SAFE, BLOCKED)


@given(circumstances())
def test_old_news_is_never_safe(known: Circumstances) -> None:
    told = newest_told(known)
    if any(known.carried[name].text != text for name, text in told.items()):
        assert verdict(known).is_stale


@given(circumstances())
def test_safe_and_blocked_differ_only_by_what_blocks(known: Circumstances) -> None:
    free = verdict(replace(known, barred="", behind=None))
    if not why_not(known.delivery):
        assert free.kind != BLOCKED
    assert (free.kind == verdict(known).kind) or (free.kind == SAFE and verdict(known).kind == BLOCKED)


@given(circumstances(), st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_read_does_not_matter(
    known: Circumstances, chance: random.Random
) -> None:
    shuffled = list(known.mates)
    chance.shuffle(shuffled)
    assert verdict(replace(known, mates=tuple(shuffled))).kind == verdict(known).kind


@given(circumstances(), contents)
def test_something_newer_that_is_told_makes_nothing_safer(
    known: Circumstances, content: dict[str, str]
) -> None:
    before, more = verdict(known), replace(known, mates=(*known.mates, sent(40, DELIVERED, **content)))
    if before.kind == SUPERSEDED:
        differs = {name for name, text in content.items() if name in known.carried}
        # Only words about the same can mend what was told.
        assert verdict(more).kind == SUPERSEDED or differs
    if before.kind == DELIVERED and known.delivery.state in (DELIVERED, APPLIED):
        assert verdict(more).kind == DELIVERED


# ---- what is selected -------------------------------------------------------------------------------------------


def test_a_selection_holds_what_fits_it() -> None:
    mine = sent(item="A")._replace(group="g")
    for selection, held in (
        (Selection(), True),
        (Selection(group="g", target="mes", route="plans"), True),
        (Selection(group="h"), False),
        (Selection(target="wms"), False),
        (Selection(states=(RETRYING,)), False),
        (Selection(ids=(10,), states=(RETRYING,)), True),
        (Selection(ids=(11,)), False),
        (Selection(plants=("GRAZ",)), False),
        (Selection(ids=(10,), plants=("GRAZ",)), False),
    ):
        assert selection.holds(mine) is held
