"""Which exceptions are consequences of which: what many symptoms share is one exception, with the symptoms as its
children. One table; a rule that gathers is one entry here."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.remedy import BACKFILL, HANDED_OVER, Remedy
from controltower.domain.standing import ANNOUNCEMENT, MISSING_NUMBER
from controltower.domain.subject import order_of

MANY, FLAPPING = "many-alike", "flapping"
# What the tower itself has gathered: over as soon as nothing holds it together any more.
GATHERED = (MANY, FLAPPING)
EXPECTED = "expectation"  # any declared expectation that was missed

FIGURES: Mapping[str, Mapping[str, Any]] = {
    # A symptom may show this long before its cause is an exception; children stand by themselves so long after it.
    "gathering": {"before": datetime.timedelta(minutes=15), "release_after": datetime.timedelta(minutes=10)},
    # So many alike within this time are one.
    MANY: {"at_least": 5, "within": datetime.timedelta(minutes=30)},
    # What comes back within `returns_within` is the same as before; so many times within a time it is flapping, until
    # it was calm for so long.
    FLAPPING: {
        "returns_within": datetime.timedelta(minutes=15),
        "times": 4,
        "within": datetime.timedelta(hours=2),
        "calm": datetime.timedelta(minutes=30),
    },
    # After a planned outage a system has so long to be itself again.
    "planned-outage": {"grace": datetime.timedelta(minutes=15)},
}


class Consequences(NamedTuple):
    """What follows from an exception at the same system: drifts by their cause, and other exceptions by rule."""

    drifts: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    # Only those about which a message of the same failure group is dead.
    of_group: bool = False
    # Only where the cause has one of these codes; any where none is named.
    codes: frozenset[str] = frozenset()


# Nothing is heard of a system, or nothing can be told it: what comes of that.
_UNHEARD = frozenset({"follower-silent", "never-announced", "in-flight", "not-applied"})
_UNTOLD = frozenset({"held", "retrying", "in-flight", "dead-lettered", "follower-silent"})
_WAITS = frozenset({EXPECTED, "flow-step-late", "not-applied", "slo-burn"})
_QUIET = frozenset({"source-silent", "rate-low", "heartbeat-missed", "canary-lost"})
_STUCK = frozenset({"circuit-open", "delivery-trouble", "late-delivery", "dead-letters", "canary-lost"})
_AWAY = Consequences(_UNHEARD, _WAITS | _QUIET)
# Who is told nothing has nothing to answer.
_SHUT = Consequences(_UNTOLD, _WAITS | _STUCK | _QUIET)
_DOWN = Consequences(_UNHEARD | _UNTOLD, _WAITS | _QUIET | _STUCK)
# Rule -> what follows from it. The first that fits is the parent; one may follow from another.
GATHERERS: Mapping[str, Consequences] = {
    "credential-expiring": Consequences(
        _DOWN.drifts,
        _DOWN.rules | {"source-trouble", "interface-paused", "secret-mismatch"},
        codes=frozenset({"credential-expired", "certificate-expired"}),
    ),
    "wrong-instance": Consequences(
        _DOWN.drifts, _DOWN.rules | {"not-the-same", "settings-changed", "version-changed"}
    ),
    "interface-paused": _SHUT,
    "source-trouble": _DOWN,
    "circuit-open": _DOWN,
    "delivery-trouble": _SHUT,
    "subscription-lost": Consequences(
        _AWAY.drifts,
        _AWAY.rules | {ANNOUNCEMENT, MISSING_NUMBER, "not-the-same"},
        codes=frozenset({"subscription-lost"}),
    ),
    "secret-mismatch": _AWAY._replace(rules=_AWAY.rules | {ANNOUNCEMENT, MISSING_NUMBER}),
    "source-silent": _AWAY,
    "heartbeat-missed": _AWAY,
    "parked-message": Consequences(frozenset({"unmapped"})),
    "dead-letters": Consequences(frozenset({"dead-lettered"}), _WAITS, of_group=True),
}
# What a missed answer about an order leads to at the same system: it lacks what the answer would have told it.
OWN = Consequences(frozenset({"never-announced", "in-flight", "not-applied"}), frozenset({"flow-step-late"}))
RANK = {rule: number for number, rule in enumerate(GATHERERS)}
# What a system that is away by plan leads to.
PLANNED = Consequences(
    _DOWN.drifts, _DOWN.rules | {"subscription-lost", "interface-paused", "source-trouble", "slow-endpoint"}
)


def follows(symptom: Case, from_: Consequences) -> bool:
    """Whether an exception is of a kind that such a cause leads to."""
    if symptom.rule == "drift":
        return symptom.cause_code in from_.drifts
    return kind_of(symptom) in from_.rules


def gathers(cause: Case) -> bool:
    """Whether an exception is of a kind that gathers what follows from it."""
    found = GATHERERS.get(cause.rule)
    return found is not None and (not found.codes or cause.cause_code in found.codes)


def kind_of(each: Case) -> str:
    """An exception's rule; one word for all declared expectations."""
    declared = each.id.startswith("expectation-") and each.rule not in (ANNOUNCEMENT, MISSING_NUMBER)
    return EXPECTED if declared else each.rule


def began(cause: Case) -> datetime.datetime:
    """When the trouble behind an exception began, which may lie before it was opened."""
    return min(cause.opened_at, cause.last_at or cause.opened_at)


def is_symptom(each: Case) -> bool:
    """Whether it may be one of many alike: about one thing, not about a whole interface."""
    return each.subject is not None and each.rule not in GATHERERS and each.rule not in GATHERED


def alike(each: Case) -> str:
    """What exceptions that are one for many have in common, beside their system."""
    return f"{kind_of(each)} {each.rule} {each.cause_code}"


def many(children: Iterable[Case], landscape: Landscape) -> Case:
    """The exception that stands for many alike."""
    found = sorted(children, key=lambda each: (each.opened_at, each.id))
    first, system = found[0], landscape.system(found[0].system)
    words = first.cause or first.rule
    return Case(
        id=f"{MANY}-{event_id(first.system, f'{alike(first)} {first.id}')}",
        rule=MANY,
        title=f"Many {_kinds(found)}: {words[:1].lower()}{words[1:]}, {system.title}",
        severity=min(each.severity for each in found),
        opened_at=found[-1].stands_since,
        system=first.system,
        team=first.team,
        tier=first.tier,
        cause=first.cause,
        why=many_words(found),
        action=_for_each(first),
        last_at=found[-1].opened_at,
        sightings=len(found),
        key=alike(first),
        code=first.cause_code,
        remedy=common_remedy(found),
        watched=True,
    )


def many_words(children: Iterable[Case]) -> str:
    """How many there are, since when, and one of them in full."""
    found = sorted(children, key=lambda each: (each.opened_at, each.id))
    first, lasting = found[0], sum(1 for each in found if each.resolved_at is None)
    return (
        f"{len(found)} exceptions of one kind since {first.opened_at:%Y-%m-%d %H:%M} UTC, {lasting} of them still "
        f"open; one cause is likely. The first says: {first.why}"
    )


def _kinds(found: Iterable[Case]) -> str:
    kinds = {"order" if order_of(each.subject) else each.subject.kind for each in found if each.subject}
    return f"{kinds.pop()}s" if len(kinds) == 1 else "things"


def _for_each(first: Case) -> str:
    return f"Look for the one cause. For each of them: {first.action}" if first.action else ""


def common_remedy(children: Iterable[Case]) -> Remedy:
    """What mends them together: their common action, done once where it is the same for all, else for each."""
    remedies = [each.remedy for each in children if each.resolved_at is None]
    if not remedies or len({each.verb for each in remedies}) > 1:
        return HANDED_OVER
    first = remedies[0]
    if all(each == first for each in remedies):
        return first
    if first.verb == BACKFILL and len({each.arguments.get("system") for each in remedies}) == 1:
        return Remedy(
            BACKFILL, {**first.arguments, "since": min(each.arguments.get("since", "") for each in remedies)}
        )
    same = set.intersection(*({*each.arguments.items()} for each in remedies))
    return Remedy(first.verb, {**dict(same), "each": "child"})


def flapping(times: int, last: Case, landscape: Landscape) -> Case:
    """The exception about something that clears and returns; `last` is the latest time."""
    return Case(
        id=f"{FLAPPING}-{event_id(last.system, last.id)}",
        rule=FLAPPING,
        title=f"Flapping: {last.title}",
        severity=last.severity,
        opened_at=last.stands_since,
        subject=last.subject,
        system=last.system,
        team=last.team,
        tier=last.tier,
        cause=last.cause,
        why=flapping_words(times, last),
        action=f"It does not last long enough to be seen each time; look for what makes it come and go. {last.action}",
        evidence=last.evidence,
        last_at=last.stands_since,
        sightings=times,
        key=same(last),
        code=last.cause_code,
        remedy=last.remedy,
        watched=True,
    )


def flapping_words(times: int, last: Case) -> str:
    """How often it was seen, and what it says each time."""
    return f"It has come and gone: flapping, seen {times} times. It stays open until it is calm. {last.why}"


def same(each: Case) -> str:
    """What the times at which one thing goes wrong have in common, beside their system."""
    return f"{each.rule} {each.subject or each.key}"
