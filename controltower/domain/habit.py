"""What a kind of message usually tells: an attribute that was there each time and is missing now has vanished."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple


class Told(NamedTuple):
    """How often in turn an attribute was there, and how often in turn it has been missing since."""

    times: int
    missing: int


class Habit(NamedTuple):
    """What one system tells in one type of event: each attribute's own count, and the last message that was counted."""

    system: str
    type: str
    attributes: Mapping[str, Told] = {}
    last_message: int = 0


def heard(habit: Habit, attributes: Collection[str], message: int) -> Habit:
    """The habit after one more event."""
    known = {
        name: _there(told) if name in attributes else Told(told.times, told.missing + 1)
        for name, told in habit.attributes.items()
    }
    known |= {name: Told(1, 0) for name in attributes if name not in known}
    return habit._replace(attributes=known, last_message=message)


def _there(told: Told) -> Told:
    return Told(1, 0) if told.missing else Told(told.times + 1, 0)


def vanished(habit: Habit, least: float, streak: float) -> Iterator[str]:
    """The attributes that were there at least so often in turn, and have been missing so often in turn since."""
    for name, told in habit.attributes.items():
        if told.missing >= streak and told.times >= least:
            yield name
