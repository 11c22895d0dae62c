"""Reads that go back in time, two nodes that count for themselves, values that go to and fro: from moments by hand."""

import datetime
from dataclasses import replace
from itertools import pairwise

from controltower.domain.belief import Belief, Hearing
from controltower.domain.event import Event, Position, Recorded
from controltower.domain.landscape import Ownership
from controltower.domain.memory import Memory
from controltower.domain.standing import Standing
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.rules.sighting import Moment
from controltower.rules.sightings.feedback_loop import SIGHTING as LOOP
from controltower.rules.sightings.split_brain import SIGHTING as SPLIT
from controltower.rules.sightings.stale_read import SIGHTING as STALE
from tests.factories import MINUTE, MORNING, landscape

ORDER = Subject("LYON", "order/MO-1")


def moment(
    after: datetime.timedelta,
    occurred: datetime.timedelta,
    memory: Memory,
    *,
    channel: str = "hook",
    sequence: int = 5,
    value: str = "1",
    held: str = "",
    heard_after: datetime.timedelta = datetime.timedelta(),
) -> Moment:
    """An event that comes so long after the morning about a fact of then; its system spoke before, in the morning."""
    event = Event(
        "order.changed", ORDER, "erp", f"{after} {value}", MORNING + occurred, "", {"priority": Value(value)},
        sequence=sequence,
    )  # fmt: skip
    before = Hearing("erp", "order.changed", MORNING, MORNING + heard_after, 5, Position(1, 0))
    since = MORNING + after - MINUTE
    believed = Belief("priority", "erp", Value(held), since, 4, since, Position(1, 0), since)
    standing = Standing(ORDER, {("priority", "erp"): believed} if held else {})
    recorded = Recorded(event, Position(9, 0), MORNING + after, channel)
    return Moment(recorded, before, standing, landscape(), memory)


def test_a_list_that_shows_what_was_before_what_it_has_shown() -> None:
    old = moment(5 * MINUTE, -3 * MINUTE, Memory(), channel="poll")
    assert [each.rule for each in STALE.seen(old)] == ["stale-read"]
    by_hook = old._replace(recorded=old.recorded._replace(channel="hook"))
    assert list(STALE.seen(by_hook)) == []
    assert list(STALE.seen(moment(5 * MINUTE, 3 * MINUTE, Memory(), channel="poll"))) == []


def test_a_list_that_a_webhook_has_overtaken_is_not_stale() -> None:
    overtaken = moment(5 * MINUTE, -MINUTE, Memory(), channel="poll", heard_after=4.5 * MINUTE)
    assert list(STALE.seen(overtaken)) == []


def test_numbers_that_come_twice_again_and_again_are_two_nodes() -> None:
    memory = Memory()
    seen = [list(SPLIT.seen(moment(n * MINUTE, n * MINUTE, memory))) for n in (1, 2, 3, 4)]
    assert [len(each) for each in seen] == [0, 0, 1, 1]
    assert "number 5" in seen[2][0].words


def test_numbers_that_grow_are_one_node() -> None:
    memory = Memory()
    seen = [list(SPLIT.seen(moment(n * MINUTE, n * MINUTE, memory, sequence=5 + n))) for n in (1, 2, 3, 4)]
    assert seen == [[], [], [], []]


def turns(memory: Memory, values: str, apart: datetime.timedelta) -> int:
    """How many signals the values give, one after the other."""
    number = 0
    for n, (held, value) in enumerate(pairwise(values), start=1):
        at = n * apart
        number += len(list(LOOP.seen(moment(at, at, memory, held=held, value=value))))
    return number


def test_a_value_that_goes_to_and_fro_is_a_loop() -> None:
    assert turns(Memory(), "121212121", 2 * MINUTE) == 2


def test_a_follower_that_goes_along_is_but_an_echo() -> None:
    owned = Ownership("order", "priority", "aps", ())
    followed = replace(landscape(), ownerships=(owned,))
    memory = Memory()
    seen = []
    for n, (held, value) in enumerate(pairwise("121212121"), start=1):
        at = moment(n * MINUTE, n * MINUTE, memory, held=held, value=value)
        seen += LOOP.seen(at._replace(landscape=followed))
    assert seen == []


def test_a_value_that_moves_on_is_none() -> None:
    assert turns(Memory(), "123456789", 2 * MINUTE) == 0
    assert turns(Memory(), "1212", 2 * MINUTE) == 0


def test_a_value_that_goes_to_and_fro_day_by_day_is_none() -> None:
    assert turns(Memory(), "121212121", 24 * 60 * MINUTE) == 0


def test_a_memory_forgets_what_was_not_touched_longest() -> None:
    memory = Memory(most=2)
    for name in ("one", "two", "one", "three"):
        memory.keep(name, name)
    assert [memory.recall(name) for name in ("one", "two", "three")] == ["one", None, "three"]
    memory.forget("one")
    assert memory.recall("one") is None
