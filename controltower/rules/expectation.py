"""Something that was due did not come: a silent failure."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.domain.exception import Case, resolved
from controltower.domain.expectation import VOID, Expectation
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import BACKFILL, Remedy
from controltower.domain.standing import ANNOUNCEMENT, MISSING_NUMBER
from controltower.domain.value import write_time
from controltower.rules import cure

_BUILT_IN = {
    MISSING_NUMBER: (
        "Lost message",
        "B",
        "{system} counts its messages: number {awaits} about {subject} never came.",
        "Read {subject} from {system} again, and find out at its end why the message was lost.",
    ),
    ANNOUNCEMENT: (
        "Lost webhook",
        "B",
        "The poll found that {system} changed {subject}, but its webhook about the change never came.",
        "The poll has repaired our knowledge; find out why {system} did not announce the change.",
    ),
}


def case_of(expectation: Expectation, landscape: Landscape) -> Case:
    """The exception of a missed expectation, resolved if its answer came late or it was no longer needed."""
    title, severity, why, action, team = _words(expectation, landscape)
    system = landscape.system(expectation.system)
    case = Case(
        id=f"expectation-{expectation.id}",
        rule=expectation.rule,
        title=f"{title}: {expectation.subject.kind} {expectation.subject.key}, {system.title}",
        severity=severity,
        opened_at=expectation.due_at,
        subject=expectation.subject,
        system=expectation.system,
        team=team or system.team,
        tier=system.tier,
        cause=title,
        why=why,
        action=action,
        evidence=(_trigger(expectation),),
        code=_CODES.get(expectation.rule, expectation.rule),
        remedy=_remedy(expectation, landscape),
    )
    if expectation.met_at is None:
        return case
    return resolved(case, expectation.met_at, _ending(expectation, expectation.met_at))


# A lost message is one fault, whether a counter or a poll has shown it.
_CODES = {MISSING_NUMBER: "lost-message", ANNOUNCEMENT: "lost-webhook"}
# A message that was sent just before the next one came.
_BEFORE = datetime.timedelta(hours=1)


def _remedy(expectation: Expectation, landscape: Landscape) -> Remedy:
    """What was lost is read again; what did not come of a message is asked for with a new one."""
    if expectation.rule in _BUILT_IN:
        since = write_time(expectation.opened_at - _BEFORE)
        return Remedy(BACKFILL, {"system": expectation.system, "since": since})
    return cure.resync(landscape, expectation.subject, expectation.system)


def _ending(expectation: Expectation, at: datetime.datetime) -> str:
    if not expectation.met_by:
        return "No longer expected: the configuration has changed."
    if expectation.state == VOID:
        return "No longer needed: later news has made up for it."
    return f"It came, {(at - expectation.due_at).total_seconds() / 60:.0f} min too late."


def _words(expectation: Expectation, landscape: Landscape) -> tuple[str, str, str, str, str]:
    system = landscape.system(expectation.system).title
    subject = f"{expectation.subject.kind} {expectation.subject.key}"
    built_in = _BUILT_IN.get(expectation.rule)
    if built_in is not None:
        title, severity, why, action = built_in
        known = {"system": system, "subject": subject, "awaits": expectation.awaits}
        return title, severity, why.format(**known), action.format(**known), ""
    rule = next((rule for rule in landscape.expectations if rule.name == expectation.rule), None)
    if rule is None:
        return (
            expectation.rule,
            "C",
            "It was expected by a rule that is no longer declared.",
            "Nothing to do.",
            "",
        )
    minutes = rule.within.total_seconds() / 60
    why = f"{system} should have answered within {minutes:.0f} min, by {expectation.due_at:%H:%M} UTC, and did not."
    return rule.title, rule.severity, why, rule.action, rule.team


def _trigger(expectation: Expectation) -> Mapping[str, Any]:
    return {
        "what": "what should have led to it",
        "message": str(expectation.trigger.message),
        "event": expectation.trigger_event,
    }
