"""A value goes to and fro without end: two systems, or two jobs of one, correct each other (catalogue 68)."""

import datetime
from collections.abc import Iterator

from controltower.domain.belief import Belief, is_late
from controltower.domain.signal import Signal
from controltower.domain.value import Value
from controltower.domain.vocabulary import attribute_title
from controltower.rules.sighting import Moment, Sighting

# What is planned or agreed; states and counts go to and fro by their nature.
_KINDS = frozenset({"order", "operation", "purchase", "shift"})
_BY_NATURE = frozenset({"status", "feasible", "constraint", "material_available", "state", "reason"})


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    if event.subject.kind not in _KINDS:
        return
    for name, value in event.attributes.items():
        held = moment.standing.beliefs.get((name, event.system))
        if held is None or name in _BY_NATURE or held.value[:2] == value[:2]:
            continue
        if not is_late(held, moment.recorded) and not _is_echo(moment, name):
            yield from _turned(moment, name, held, value)


def _is_echo(moment: Moment, attribute: str) -> bool:
    """Whether the system but follows the owner of the attribute, who is the one to tell of."""
    ownership = moment.landscape.ownership(moment.recorded.event.subject.kind, attribute)
    role = moment.landscape.roles.get(moment.recorded.event.system)
    return ownership is not None and ownership.owner != role


def _turned(moment: Moment, name: str, held: Belief, value: Value) -> Iterator[Signal]:
    """A move back to what it was before, soon after it had moved away, again and again."""
    event, now = moment.recorded.event, moment.recorded.learnt_at
    key, window = (SIGHTING.rule, event.system, event.subject, name), moment.figure(SIGHTING, "within")
    if now - held.learnt_at > window:
        moment.memory.forget(key)
        return
    before, turns = moment.memory.recall(key) or (None, ())
    turns = tuple(at for at in turns if now - at <= window)
    turns = (*turns, now) if before == value[:2] else ()
    moment.memory.keep(key, (held.value[:2], turns))
    if len(turns) >= moment.figure(SIGHTING, "turns"):
        words = (
            f"{attribute_title(name)} of {event.subject} went to and fro {len(turns)} times within "
            f"{window.total_seconds() / 60:.0f} min, now it is {value.text} again"
        )
        yield moment.signal(SIGHTING, words, len(turns), key=f"{event.system} {event.subject} {name}")


SIGHTING = Sighting(
    "feedback-loop",
    "Feedback loop",
    "A",
    "Find the two that correct each other in {system} (its audit trail names them) and have one of them let go.",
    _seen,
    figures={"turns": 6, "within": datetime.timedelta(hours=1)},
)
