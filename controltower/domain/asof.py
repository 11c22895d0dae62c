"""What each system believed at a moment, told from the events alone: the exact answer to "as of"."""

import datetime
from collections.abc import Iterable

from controltower.domain.belief import Belief, held, is_late
from controltower.domain.event import Recorded
from controltower.domain.subject import Subject

HAPPENED, LEARNT = "happened", "learnt"
Believed = dict[tuple[Subject, str, str], Belief]  # by subject, attribute, system


def beliefs_at(history: Iterable[Recorded], at: datetime.datetime, clock: str = HAPPENED) -> Believed:
    """Fold a history (in the order of its positions) up to a moment.

    `clock` HAPPENED: what the systems held then, with all that is known today. LEARNT: what the tower showed then.
    """
    believed: Believed = {}
    for recorded in history:
        event = recorded.event
        moment = event.occurred_at if clock == HAPPENED else recorded.learnt_at
        if moment > at:
            continue
        for attribute, value in event.attributes.items():
            key = event.subject, attribute, event.system
            before = believed.get(key)
            if before is None or not is_late(before, recorded):
                believed[key] = held(before, attribute, value, recorded)
    return believed
