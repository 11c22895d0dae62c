"""What goes wrong on the way out: dead letters, what was taken and is not shown, what is late, what stands still."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from controltower.domain import failure
from controltower.domain.delivery import WAITING, Delivery
from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.gate import Gate
from controltower.domain.landscape import Landscape, System
from controltower.domain.remedy import RESUBMIT, RESUME, Remedy
from controltower.domain.route import Route
from controltower.domain.subject import Subject
from controltower.domain.vocabulary import attribute_title
from controltower.rules import cure

DEAD_LETTERS, NOT_APPLIED, LATE = "dead-letters", "not-applied", "late-delivery"
PAUSED, CIRCUIT, LACK = "interface-paused", "circuit-open", "cannot-carry"
BLOCKED = "blocked-lane"
RULES = (DEAD_LETTERS, NOT_APPLIED, LATE, PAUSED, CIRCUIT, LACK)

# What a person must do about a message that died of a class of errors.
ACTIONS: Mapping[str, str] = {
    failure.UNREACHABLE: "Bring {target} or the way to it back, then resubmit the group.",
    failure.TIMEOUT: "Find out why {target} does not answer in time, then resubmit the group.",
    failure.BUSY: "Agree with {target} how much it takes (rate in its [send] table), then resubmit the group.",
    failure.TROUBLE: "Find out what is wrong at {target}; once it is well, resubmit the group.",
    failure.REFUSED: "Correct what {target} refuses, in {source} or in an edited copy, and resubmit.",
    failure.CREDENTIALS: "Renew the credentials of {target}, resume the interface, then resubmit the group.",
    failure.FORBIDDEN: "Have the tower's role at {target} mended: it may not do this; then resubmit the group.",
    failure.CONFLICT: "{target} was changed meanwhile: read it again, then resubmit; what is newer wins.",
    failure.GONE: "Find out why {target} does not know the subject; create it there, then resubmit the group.",
    failure.REMOVED: "{target} has taken this interface away: map its successor, then resubmit the group.",
    failure.LOCKED: "Ask at {target} who holds it, and to let go; then resubmit the group.",
    failure.PERIOD_CLOSED: "Have finance open the period in {target} or move the date; then resubmit the group.",
    failure.PARTIAL: "Look in {target} what was done and what not, mend what it says; then resubmit the group.",
    failure.UNSENDABLE: "Mend the mapping of {target}, or correct the content in an edited copy, and resubmit.",
    failure.UNCLEAR: "Look in {target} whether it holds the message: discard it if so, else resubmit.",
}


def dead_letters(first: Delivery, number: int, landscape: Landscape) -> Case:
    """The exception of a failure group; `first` is the delivery whose death opened it, `number` how many are dead."""
    target, title = landscape.system(first.target), failure.TITLES.get(first.error, first.error)
    at = first.last_failed_at or first.created_at
    return Case(
        id=f"{DEAD_LETTERS}-{first.group}-{first.id}",
        rule=DEAD_LETTERS,
        title=f"{title}: {route_title(first.route, landscape)}, {target.title}",
        severity=severity(first.tier, landscape),
        opened_at=at,
        system=first.target,
        team=team_of(first.route, target, landscape),
        tier=first.tier,
        cause=f"Dead letters: {title.lower()}",
        why=dead_words(first, number, landscape),
        action=action_of(first, landscape),
        evidence=(evidence_of(first, "the first message that died of it"),),
        sightings=number,
        last_at=at,
        key=first.group,
        code=failure.CODES.get(first.error, ""),
        remedy=Remedy(RESUBMIT, {"group": first.group}),
    )


def dead_words(newest: Delivery, number: int, landscape: Landscape) -> str:
    """The sentence about a failure group that holds so many dead deliveries."""
    target = landscape.system(newest.target).title
    many = "One message is" if number == 1 else f"{number} messages are"
    said = newest.words.strip().rstrip(".") or "nothing"
    tries = "one attempt" if newest.attempts == 1 else f"up to {newest.attempts} attempts"
    return f"{many} dead after {tries}{' each' if number > 1 else ''}. {target} said: {said[:300]}."


def action_of(each: Delivery, landscape: Landscape) -> str:
    """What a person must do about a dead delivery."""
    words = ACTIONS.get(each.error, "Find out what is wrong, then resubmit the group.")
    return words.format(
        target=landscape.system(each.target).title, source=landscape.system(each.source).title
    )


def not_applied(each: Delivery, landscape: Landscape) -> Case:
    """The exception of a delivery that its target took and does not show in time."""
    target, due = landscape.system(each.target), each.applied_by or each.created_at
    taken = each.delivered_at or each.created_at
    return Case(
        id=f"{NOT_APPLIED}-{each.id}",
        rule=NOT_APPLIED,
        title=f"Not applied: {each.subject.kind} {each.subject.key}, {target.title}",
        severity=severity(each.tier, landscape),
        opened_at=due,
        subject=each.subject,
        system=each.target,
        team=team_of(each.route, target, landscape),
        tier=each.tier,
        cause="Delivered but not applied",
        why=f"{target.title} took the message at {taken:%H:%M} UTC and should have shown it by {due:%H:%M} UTC; "
        "it still does not.",
        action=f"Ask {target.title} what became of the message; then resync it with the present values.",
        evidence=(evidence_of(each, "the message that was taken and is not shown"),),
        last_at=due,
        key=str(each.id),
        remedy=cure.resync(landscape, each.subject, each.target),
    )


def late(oldest: Delivery, number: int, kind: str, held_by: str, landscape: Landscape) -> Case:
    """The exception of messages of one route that wait past their promise.

    `kind` is what keeps everything from the target ("" for nothing), `held_by` the sentence for it."""
    target, due = landscape.system(oldest.target), oldest.deadline or oldest.created_at
    return Case(
        id=f"{LATE}-{event_id(oldest.target, f'{oldest.route} {oldest.id}')}",
        rule=LATE,
        title=f"Late: {route_title(oldest.route, landscape)}, {target.title}",
        severity=severity(oldest.tier, landscape),
        opened_at=due,
        system=oldest.target,
        team=team_of(oldest.route, target, landscape),
        tier=oldest.tier,
        cause=f"Late: {kind}" if kind else "Late: waiting its turn or tried again",
        why=late_words(number, due, held_by, landscape.system(oldest.target)),
        action=f"Find out what holds it up at {target.title}; it goes by itself as soon as that has cleared.",
        evidence=(evidence_of(oldest, "the oldest message that waits"),),
        sightings=number,
        last_at=due,
        key=late_key(oldest.route, oldest.target),
        code=late_code(oldest, kind),
    )


def late_code(oldest: Delivery, kind: str) -> str:
    """Why it is late: what shuts the way, else what its last attempt died of; "" where it just waits."""
    if kind in _SHUT:
        return _SHUT[kind]
    if oldest.state == WAITING:
        return BLOCKED
    return failure.CODES.get(oldest.error, "")


# What an obstacle is, as a cause; a person's pause and maintenance are their own reasons.
_SHUT = {
    "asked to wait": failure.CODES[failure.BUSY],
    "circuit open": failure.CODES[failure.UNREACHABLE],
    "paused": PAUSED,
    "maintenance": "maintenance",
}


def late_key(route: str, target: str) -> str:
    """What late messages have in common."""
    return f"{route} {target}"


def late_words(number: int, due: datetime.datetime, held_by: str, target: System) -> str:
    """The sentence about so many late messages, the oldest of which was due at a moment."""
    many = "One message" if number == 1 else f"{number} messages"
    why = f" The way is shut: {held_by}." if held_by else ""
    return f"{many} for {target.title} should have arrived by {due:%Y-%m-%d %H:%M} UTC or later.{why}"


def paused(gate: Gate, at: datetime.datetime, landscape: Landscape) -> Case:
    """The exception of an interface that refused credentials have paused at a moment."""
    target = landscape.system(gate.target)
    return Case(
        id=f"{PAUSED}-{event_id(gate.target, at.isoformat())}",
        rule=PAUSED,
        title=f"Paused: {target.title} refuses our credentials",
        severity="A",
        opened_at=at,
        system=gate.target,
        team=target.team,
        tier=target.tier,
        cause="Credentials refused",
        why=f"Nothing is sent to {target.title} since {at:%Y-%m-%d %H:%M} UTC; its messages are kept. "
        f"It said: {gate.pause_reason}.",
        action=f"Renew the credentials of {target.title}, then resume the interface.",
        last_at=at,
        key=gate.target,
        code=failure.CODES[failure.CREDENTIALS],
        remedy=Remedy(RESUME, {"target": gate.target}),
    )


def interrupted(
    gate: Gate, since: datetime.datetime, due: datetime.datetime, error: str, landscape: Landscape
) -> Case:
    """The exception of a target that has failed since a moment, longer than it may; `error` as its messages failed."""
    target = landscape.system(gate.target)
    return Case(
        id=f"{CIRCUIT}-{event_id(gate.target, since.isoformat())}",
        rule=CIRCUIT,
        title=f"Interrupted: {target.title} takes no messages",
        severity="A",
        opened_at=due,
        system=gate.target,
        team=target.team,
        tier=target.tier,
        cause="Circuit open",
        why=f"Every try since {since:%Y-%m-%d %H:%M} UTC has failed; one message at a time goes on trying. "
        f"The last said: {gate.last_error or 'nothing'}.",
        action=f"Bring {target.title} or the way to it back; what waits goes by itself then.",
        last_at=due,
        key=gate.target,
        code=failure.CODES.get(error, failure.CODES[failure.UNREACHABLE]),
    )


def lack(
    route: Route, subject: Subject, missing: Sequence[str], at: datetime.datetime, landscape: Landscape
) -> Case:
    """The exception of something that a route cannot carry, because the target needs more than is known."""
    owner = _owner(subject, missing[0], route, landscape)
    words = " and ".join(attribute_title(each) for each in missing)
    return Case(
        id=f"{LACK}-{event_id(route.name, f'{subject} {at.isoformat()}')}",
        rule=LACK,
        title=f"Cannot be sent: {subject.kind} {subject.key} lacks {words}, {route.title}",
        severity=severity(route.tier, landscape),
        opened_at=at,
        subject=subject,
        system=owner.id,
        team=route.team or owner.team,
        tier=route.tier,
        cause="Needed values are missing",
        why=lack_words(route, missing, owner),
        action=f"Give {subject.kind} {subject.key} its {words} in {owner.title}; it is sent by itself then.",
        last_at=at,
        key=route.name,
    )


def lack_words(route: Route, missing: Sequence[str], owner: System) -> str:
    """The sentence that says what lacks."""
    words = ", ".join(attribute_title(each) for each in missing)
    return f"{route.title} needs: {words}. {owner.title} has not said so yet, so nothing was sent."


def _owner(subject: Subject, attribute: str, route: Route, landscape: Landscape) -> System:
    """The system that must say what lacks: the attribute's owner at the plant, else the route's source."""
    ownership = landscape.ownership(subject.kind, attribute)
    owner = landscape.owner_system(subject.plant, ownership) if ownership else None
    sources = landscape.of_role(subject.plant, route.source)
    return owner or (sources[0] if sources else landscape.system(route.source))


def severity(tier: str, landscape: Landscape) -> str:
    """How bad a failure under a service level is."""
    known = landscape.tiers.get(tier)
    return known.severity if known else "B"


def team_of(route: str, target: System, landscape: Landscape) -> str:
    """Who must act: the route's team, else the target's."""
    known = landscape.routes.get(route)
    return (known.team if known else "") or target.team


def route_title(route: str, landscape: Landscape) -> str:
    """A route's title; its bare name where it is no longer declared."""
    known = landscape.routes.get(route)
    return known.title if known else route


def evidence_of(each: Delivery, what: str) -> Mapping[str, Any]:
    """A delivery as evidence, with the message that gave rise to it."""
    return {
        "what": what,
        "message": str(each.position.message) if each.position.message else "",
        "event": each.event,
        "subject": str(each.subject),
        "delivery": str(each.id),
    }
