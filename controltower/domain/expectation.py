"""After X, Y must come from system Z within D, unless W: a missed one is a silent failure."""

import datetime
from dataclasses import dataclass
from typing import NamedTuple

from controltower.domain.calendar import ALWAYS, Calendar
from controltower.domain.event import Position, Recorded, event_id
from controltower.domain.subject import Subject
from controltower.domain.value import Value

WAITING, MET, MISSED, VOID = "waiting", "met", "missed", "void"


@dataclass(frozen=True)
class Sign:
    """Something that one can see a role do: an event type, or an attribute that takes one of the values.

    `becomes` empty with an attribute set means: any new value."""

    role: str
    type: str = ""
    attribute: str = ""
    becomes: frozenset[str] = frozenset()

    def shown_by_type(self, role: str, event_type: str) -> bool:
        return bool(self.type) and role == self.role and event_type == self.type

    def shown_by_move(self, role: str, attribute: str, value: Value) -> bool:
        same = self.attribute == attribute and role == self.role
        return same and (not self.becomes or value.text in self.becomes)


@dataclass(frozen=True)
class ExpectationRule:
    """A declared expectation about one kind of subject."""

    name: str
    title: str
    kind: str
    when: Sign
    then: Sign
    within: datetime.timedelta
    unless: tuple[Sign, ...] = ()
    team: str = ""
    severity: str = "B"
    action: str = ""
    calendar: str = ""  # in whose working time `within` counts; "plant" is the subject's own


class Expectation(NamedTuple):
    """One instance: something is due from a system about a subject.

    `opened_at` is when the tower learnt of the trigger, `met_at` when it learnt of the answer (aware UTC)."""

    id: str
    rule: str
    subject: Subject
    system: str
    trigger: Position
    trigger_event: str
    opened_at: datetime.datetime
    due_at: datetime.datetime
    state: str = WAITING
    met_at: datetime.datetime | None = None
    met_by: str = ""
    # What exactly is awaited, where the rule does not say it: a missing number, or the time of an unannounced change.
    awaits: str = ""


def expect(
    rule: str,
    subject: Subject,
    system: str,
    trigger: Recorded,
    within: datetime.timedelta,
    awaits: str = "",
    calendar: Calendar = ALWAYS,
) -> Expectation:
    """A new expectation, due when so much working time has passed; its id is derived from its trigger so that
    reprocessing makes the same."""
    position, at = trigger.position, trigger.learnt_at
    identity = event_id(system, f"{rule}\n{subject}\n{position.message}.{position.n}\n{awaits}")
    due_at = calendar.within(at, within)
    return Expectation(identity, rule, subject, system, position, trigger.event.id, at, due_at, awaits=awaits)


def answered(expectation: Expectation, at: datetime.datetime, event: str) -> Expectation:
    """The expectation after its answer came: met in time, or missed and yet come late."""
    state = MET if at <= expectation.due_at else MISSED
    return expectation._replace(state=state, met_at=at, met_by=event)


def voided(expectation: Expectation, at: datetime.datetime, event: str) -> Expectation:
    """The expectation after something made it needless: the order was cancelled, or what was lost was read again."""
    return expectation._replace(state=VOID, met_at=at, met_by=event)
