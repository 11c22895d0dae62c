"""How far the tower's own message about a disagreement has come: on its way, held, dead, taken and not shown."""

import datetime

from controltower.domain import failure
from controltower.domain.delivery import (
    CANCELLED,
    DEAD,
    DELIVERED,
    OPEN,
    RESUBMITTED,
    RETRYING,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
    Delivery,
)
from controltower.domain.finding import Facts, Finding


def on_the_way(facts: Facts) -> Finding | None:
    """The newest words of the tower have not reached the follower yet."""
    if facts.drift.closed_at is not None:
        return None
    newest = _newest(facts)
    if newest is None:
        return _incomplete(facts)
    front = _front(facts, newest)
    if front.state == DEAD:
        return _dead(facts, front)
    if front.state == CANCELLED:
        return _discarded(facts, front)
    if front.state not in OPEN:
        return None
    if facts.witness.shut:
        return _held(facts, front)
    tried = front.state in (RETRYING, UNKNOWN) or front.attempts > 1
    return _retrying(facts, front) if tried else _in_flight(facts, front)


def misled(facts: Facts) -> Finding | None:
    """A person sent the follower what it shows now: an edited copy, or old news in full knowledge."""
    drift = facts.drift
    found = [
        each
        for each in facts.told
        if each.delivered_at is not None
        and (each.edited or each.forced)
        and facts.same(each.attributes[drift.attribute], drift.follower_value)
        and not facts.same(drift.owner_value, drift.follower_value)
    ]
    if not found:
        return None
    each = found[-1]
    what = "an edited copy with" if each.edited else "the older"
    return Finding(
        "overwritten" if each.edited else "out-of-order",
        f"{each.author} sent {facts.follower} {what} {facts.say(drift.follower_value)} ({each.reason}).",
        _proof(facts, each, f"{each.author} sent it"),
        f"Resync {facts.follower} with the present {facts.attribute}, or change it in {facts.owner}.",
    )


def taken(facts: Facts) -> Finding | None:
    """The follower took the newest words and does not show them."""
    newest = _newest(facts)
    if facts.drift.closed_at is not None or newest is None or newest.state != DELIVERED:
        return None
    at, until, asked = newest.delivered_at, newest.applied_by, facts.witness.at
    if until is not None and asked is not None and asked < until:
        return Finding(
            "in-flight",
            f"{facts.follower} took the message{_when(at)} and has until {until:%H:%M} UTC to show it.",
            _proof(facts, newest, "the message that it took"),
            f"Nothing yet: {facts.follower} still has time.",
        )
    return Finding(
        "not-applied",
        f"{facts.follower} took the message{_when(at)}, yet still holds {facts.say(facts.drift.follower_value)}.",
        _proof(facts, newest, "the message that it took"),
        f"Ask {facts.follower} why it did not apply the message; then resync it with the present {facts.attribute}.",
    )


def came_late(facts: Facts) -> Finding | None:
    """Both agree again, by a message of the tower that came late, or was shown late."""
    closed_at, newest = facts.drift.closed_at, _newest(facts)
    if closed_at is None or newest is None:
        return None
    at = newest.delivered_at
    if at is None or at > closed_at:
        return None
    cause, why = _delay(facts, newest, at)
    return Finding(
        cause, why, _proof(facts, newest, "the message that ended it"), "Nothing to do: they agree again."
    )


def _delay(facts: Facts, newest: Delivery, at: datetime.datetime) -> tuple[str, str]:
    follower = facts.follower
    if newest.original is not None:
        return (
            "dead-lettered",
            f"The message had died; {newest.author} sent it again, and {follower} took it{_when(at)}.",
        )
    if newest.attempts > 1:
        return "retrying", f"{follower} took the message only{_when(at)}, at attempt {newest.attempts}."
    if at > facts.drift.allowed_until:
        return "held", f"The message had to wait, and was sent to {follower} only{_when(at)}."
    return (
        "not-applied",
        f"{follower} took the message{_when(at)}, and showed it only{_when(facts.drift.closed_at)}.",
    )


def _newest(facts: Facts) -> Delivery | None:
    """The last words to the follower about this attribute, if any were written."""
    counted = [each for each in facts.told if each.state not in (SUPERSEDED, RESUBMITTED)]
    return counted[-1] if counted else None


def _front(facts: Facts, newest: Delivery) -> Delivery:
    """The one that the newest waits behind, if it does: only that one's fate tells anything."""
    if newest.state != WAITING:
        return newest
    for each in sorted(facts.witness.sent, key=lambda each: (each.ordinal, each.id)):
        route = facts.landscape.routes.get(each.route)
        blocks = each.state == DEAD and route is not None and route.waits_behind_dead
        if blocks or (each.state in OPEN and each.state != WAITING):
            return each
    return newest


def _dead(facts: Facts, each: Delivery) -> Finding:
    error = failure.TITLES.get(each.error, each.error).lower()
    tries = "one attempt" if each.attempts == 1 else f"{each.attempts} attempts"
    return Finding(
        "dead-lettered",
        f"The message for {facts.follower} is dead after {tries} ({error}): {_said(each)}.",
        _proof(facts, each, "the dead message"),
        "Put right what it died of, then resubmit the message.",
    )


def _discarded(facts: Facts, each: Delivery) -> Finding:
    return Finding(
        "discarded",
        f"{each.author or 'Somebody'} discarded the message for {facts.follower}"
        + (f": {each.reason}." if each.reason else "."),
        _proof(facts, each, "the discarded message"),
        f"Resync {facts.follower} with the present {facts.attribute}, or set it by hand.",
    )


def _held(facts: Facts, each: Delivery) -> Finding:
    actions = {
        "paused": f"Resume the interface to {facts.follower}; what waits goes by itself then.",
        "circuit open": f"Bring {facts.follower} or the way to it back; what waits goes by itself then.",
    }
    return Finding(
        "held",
        f"The message waits, for nothing may go to {facts.follower} now: {facts.witness.shut_words}.",
        _proof(facts, each, "the message that waits"),
        actions.get(
            facts.witness.shut, f"Nothing: it goes as soon as {facts.follower} takes messages again."
        ),
    )


def _retrying(facts: Facts, each: Delivery) -> Finding:
    again = f", and is tried again at {each.next_at:%H:%M:%S} UTC" if each.next_at else ""
    return Finding(
        "retrying",
        f"The message has failed {each.attempts} {'time' if each.attempts == 1 else 'times'} so far{again}. "
        f"{facts.follower} said: {_said(each)}.",
        _proof(facts, each, "the message that is tried again"),
        f"Look at {facts.follower} if it lasts; a resubmission sends it at once.",
    )


def _in_flight(facts: Facts, each: Delivery) -> Finding:
    return Finding(
        "in-flight",
        f"The message for {facts.follower} was written at {each.created_at:%H:%M} UTC and is about to go.",
        _proof(facts, each, "the message on its way"),
        "Nothing yet: it goes by itself.",
    )


def _incomplete(facts: Facts) -> Finding | None:
    if not facts.witness.lack:
        return None
    return Finding(
        "incomplete",
        facts.witness.lack,
        facts.evidence(facts.owner_change()),
        "Give what is missing where it is owned; the message is sent by itself then.",
    )


def _proof(facts: Facts, each: Delivery, what: str) -> tuple[dict[str, object], ...]:
    return (*map(dict, facts.evidence(facts.owner_change())), dict(facts.sent(what, each)))


def _when(at: datetime.datetime | None) -> str:
    return "" if at is None else f" at {at:%H:%M} UTC"


def _said(each: Delivery) -> str:
    return each.words.strip().rstrip(".")[:300] or "nothing"
