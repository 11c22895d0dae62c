"""Two nodes speak for one system: the same number comes twice, for facts of different times (catalogue 66)."""

import datetime
from collections.abc import Iterator

from controltower.domain.signal import Signal
from controltower.rules.sighting import Moment, Sighting


def _seen(moment: Moment) -> Iterator[Signal]:
    event, before = moment.recorded.event, moment.before
    if moment.recorded.channel != "hook" or before is None or event.sequence is None:
        return
    if event.sequence != before.sequence or event.occurred_at == before.occurred_at:
        return
    number = _clashes(moment)
    if number >= moment.figure(SIGHTING, "clashes"):
        words = (
            f"two facts about {event.subject} bear number {event.sequence}, the second as {event.source_id}; "
            f"{number} such pairs lately: two nodes count for themselves"
        )
        yield moment.signal(SIGHTING, words, number)


def _clashes(moment: Moment) -> int:
    """How many there were within the window, this one among them."""
    name, now = (SIGHTING.rule, moment.recorded.event.system), moment.recorded.learnt_at
    window = moment.figure(SIGHTING, "within")
    lately = [at for at in moment.memory.recall(name) or () if datetime.timedelta() <= now - at <= window]
    moment.memory.keep(name, (*lately, now)[-50:])
    return len(lately) + 1


SIGHTING = Sighting(
    "split-brain",
    "Two active nodes",
    "A",
    "Fence one node of {system} at once; then compare what both have posted, and reverse what was posted twice.",
    _seen,
    figures={"clashes": 3, "within": datetime.timedelta(minutes=30)},
)
