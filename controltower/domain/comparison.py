"""What a system holds, laid beside what is believed of it: a difference, and when it counts."""

import datetime
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from controltower.domain.belief import Belief, Hearing
from controltower.domain.event import Event
from controltower.domain.subject import Subject
from controltower.domain.value import Value, differ
from controltower.domain.vocabulary import value_kind

MISSING_HERE, MISSING_THERE, DIFFERS, OLDER = "missing-here", "missing-there", "differs", "restored-older"
# What has come to its end may be tidied away without a word.
ENDED = frozenset({"closed", "cancelled", "completed", "shipped", "received", "passed", "failed", "ended"})
# Stamps may be whole minutes, and clocks a little apart.
_GRAIN = datetime.timedelta(minutes=2)


class Gap(NamedTuple):
    """One attribute that is held otherwise there: its text and unit, and ours (None where it was never told)."""

    attribute: str
    there: tuple[str, str]
    here: tuple[str, str] | None = None


class Difference(NamedTuple):
    """One subject that is not the same there and here.

    `stamp`: the record's own time, `since`: when it was first found. `due_at`: when it is looked at a second time, None
    once it counts."""

    system: str
    subject: Subject
    kind: str
    gaps: tuple[Gap, ...]
    stamp: datetime.datetime
    since: datetime.datetime
    due_at: datetime.datetime | None = None

    @property
    def counts(self) -> bool:
        return self.due_at is None


class Glance(NamedTuple):
    """When a page was read, and how old something must be not to be on its way any more."""

    at: datetime.datetime
    lag: datetime.timedelta

    def is_young(self, *moments: datetime.datetime) -> bool:
        return any(moment > self.at - self.lag for moment in moments)

    @property
    def again(self) -> datetime.datetime:
        return self.at + self.lag


def compared(told: Event, held: Mapping[str, Belief], glance: Glance) -> Difference | None:
    """A record against the beliefs of its system about its subject; None where they are the same."""
    gaps = tuple(_gaps(told, held))
    if not gaps:
        return None
    ours = [held[gap.attribute] for gap in gaps if gap.attribute in held]
    young = glance.is_young(told.occurred_at, *(each.learnt_at for each in ours))
    kind = DIFFERS if held else MISSING_HERE
    if any(each.confirmed_at > told.occurred_at + _GRAIN for each in ours):
        kind = OLDER
    due_at = glance.again if young else None
    return Difference(told.system, told.subject, kind, gaps, told.occurred_at, glance.at, due_at)


def _gaps(told: Event, held: Mapping[str, Belief]) -> Iterable[Gap]:
    for attribute, value in told.attributes.items():
        belief = held.get(attribute)
        kind = value_kind(told.subject.kind, attribute)
        if belief is None:
            yield Gap(attribute, value[:2])
        elif differ(kind, belief.value, value):
            yield Gap(attribute, value[:2], belief.value[:2])


def lacking(
    heard: Hearing, subject: Subject, held: Mapping[str, Belief], glance: Glance
) -> Difference | None:
    """A subject that its system does not tell of any more; None where its end was told, or has come."""
    status = held.get("status")
    if heard.type.endswith(".deleted") or (status is not None and status.value.text in ENDED):
        return None
    due_at = glance.again if glance.is_young(heard.learnt_at, heard.occurred_at) else None
    return Difference(heard.system, subject, MISSING_THERE, (), heard.occurred_at, glance.at, due_at)


def looked_at_again(
    known: Difference, heard: Hearing | None, held: Mapping[str, Belief], now: datetime.datetime
) -> Difference | None:
    """What is left of a difference by what was learnt since, without asking the system; None when it is over."""
    if _is_over(known, heard, held):
        return None
    return known._replace(due_at=None) if known.due_at is not None and known.due_at <= now else known


def _is_over(known: Difference, heard: Hearing | None, held: Mapping[str, Belief]) -> bool:
    if known.kind == MISSING_HERE:
        return bool(held)
    if known.kind == MISSING_THERE:
        status = held.get("status")
        ended = heard is not None and heard.type.endswith(".deleted")
        ended = ended or (status is not None and status.value.text in ENDED)
        return ended or (heard is not None and heard.learnt_at > known.since)
    return all(_is_closed(gap, held.get(gap.attribute), known) for gap in known.gaps)


def _is_closed(gap: Gap, belief: Belief | None, known: Difference) -> bool:
    """The same by now, or told anew since."""
    if belief is None:
        return False
    kind = value_kind(known.subject.kind, gap.attribute)
    if not differ(kind, belief.value, Value(*gap.there)):
        return True
    # A clock may write two changes alike: what was heard only since the look is the later of them.
    return known.kind == DIFFERS and belief.confirmed_at >= known.stamp and belief.learnt_at > known.since
