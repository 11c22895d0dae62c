"""As-of: what each system believed at a moment is told exactly, in whatever order the tower heard of it."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from controltower.domain.asof import HAPPENED, LEARNT, beliefs_at
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.landscape import Landscape, System
from controltower.domain.standing import Standing, apply
from controltower.domain.subject import order_subject
from controltower.domain.value import Value

START = datetime.datetime(2026, 3, 2, 6, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)
ORDER = order_subject("LYON", "MO-1")
SYSTEMS = ("erp", "mes")


def told(number: int, system: str, happened: int, text: str, late: int = 0) -> Recorded:
    """An event `happened` minutes after the start, learnt `late` minutes later than its place in the inbox."""
    at = START + happened * MINUTE
    event = Event("order.changed", ORDER, system, str(number), at, at.isoformat(), {"item": Value(text)})
    return Recorded(event, Position(number, 0), START + (number + late) * MINUTE)


def believed(history: list[Recorded], minute: float, clock: str = HAPPENED) -> dict[str, str]:
    found = beliefs_at(history, START + minute * MINUTE, clock)
    return {system: belief.value.text for (_, _, system), belief in found.items()}


def test_each_system_has_its_own_word_at_each_moment() -> None:
    history = [told(1, "erp", 1, "a"), told(2, "mes", 2, "a"), told(3, "erp", 3, "b")]
    assert believed(history, 0.5) == {}
    assert believed(history, 1) == {"erp": "a"}
    assert believed(history, 2.5) == {"erp": "a", "mes": "a"}
    assert believed(history, 3) == {"erp": "b", "mes": "a"}


def test_a_late_message_belongs_to_the_moment_at_which_it_happened() -> None:
    history = [told(1, "erp", 1, "a"), told(2, "erp", 10, "c"), told(3, "erp", 5, "b")]
    assert believed(history, 7) == {"erp": "b"}
    assert believed(history, 10) == {"erp": "c"}


def test_what_the_tower_showed_then_is_told_by_the_other_clock() -> None:
    history = [told(1, "erp", 1, "a"), told(8, "erp", 2, "b")]
    assert believed(history, 4) == {"erp": "b"}
    assert believed(history, 4, LEARNT) == {"erp": "a"}
    assert believed(history, 8, LEARNT) == {"erp": "b"}


stories = st.lists(
    st.tuples(st.sampled_from(SYSTEMS), st.integers(0, 30), st.sampled_from("abc")), min_size=1, max_size=12
)


@given(story=stories)
def test_as_of_the_end_is_what_the_ledger_holds_now(story: list[tuple[str, int, str]]) -> None:
    history = [told(number, *each) for number, each in enumerate(story, 1)]
    utc = datetime.UTC
    systems = {name: System(name, name, name, ("LYON",), "cloudevents", utc) for name in SYSTEMS}  # type: ignore[arg-type]
    standing = Standing(ORDER)
    for recorded in history:
        apply(standing, recorded, Landscape(systems=systems))
    assert believed(history, 31) == {
        system: each.value.text for (_, system), each in standing.beliefs.items()
    }


@given(story=stories, minute=st.integers(0, 30))
def test_what_happens_later_never_changes_the_past(story: list[tuple[str, int, str]], minute: int) -> None:
    history = [told(number, *each) for number, each in enumerate(story, 1)]
    past = [each for each in history if each.event.occurred_at <= START + minute * MINUTE]
    assert believed(history, minute) == believed(past, 31)
