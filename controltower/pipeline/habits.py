"""Attributes that a system has always told and tells no more: seen as its events are recorded, without any history."""

from collections.abc import Sequence

from sqlalchemy import Connection

from controltower.domain.event import Recorded
from controltower.domain.habit import Habit, heard, vanished
from controltower.domain.landscape import Limits
from controltower.domain.signal import Signal
from controltower.rules.signal import FIGURES, VANISHED
from controltower.store import habit


def learn(connection: Connection, limits: Limits, fresh: Sequence[Recorded]) -> list[Signal]:
    """Count what events tell; what was counted before is passed over. Returns what they tell no more."""
    if not fresh:
        return []
    least, streak = (limits.of(VANISHED, name, FIGURES[VANISHED][name]) for name in ("least", "streak"))
    habits = habit.of(connection, {(each.event.system, each.event.type) for each in fresh})
    found: list[Signal] = []
    for each in fresh:
        event, position = each.event, each.position
        known = habits.get((event.system, event.type)) or Habit(event.system, event.type)
        # An event that says nothing at all (a deletion) shows no habit.
        if position.message < known.last_message or not event.attributes:
            continue
        known = habits[event.system, event.type] = heard(known, event.attributes.keys(), position.message)
        for name in vanished(known, least, streak):
            words = f"{event.type} no longer tells {name}, which it told {known.attributes[name].times} times in turn"
            key = f"{event.system} {event.type} {name}"
            found.append(Signal(VANISHED, key, event.system, each.learnt_at, position, words))
    habit.put(connection, list(habits.values()))
    return found
