"""What an answer makes of a delivery: done, later, unknown or dead. Pure: the same answer, the same verdict."""

import datetime
import random
from typing import NamedTuple

from controltower.connectors.contract import ABSENT, TAKEN, THERE, UNSURE, Outcome, ReadBack
from controltower.domain import failure, retry
from controltower.domain.delivery import DEAD, DELIVERED, RETRYING, UNKNOWN, Delivery
from controltower.domain.failure import fingerprint
from controltower.domain.landscape import Landscape, Tier
from controltower.domain.retry import RetryPolicy
from controltower.domain.route import Route

# What speaks against the target itself, so that its circuit counts it; a refused order does not.
TROUBLES = frozenset({failure.UNREACHABLE, failure.TIMEOUT, failure.BUSY, failure.TROUBLE})
# Seconds after which an unknown outcome is read back for the first time.
READ_BACK_AFTER = 1.0


class Terms(NamedTuple):
    """Under which terms a delivery goes: its route (None when it is no longer declared) and its tier's schedule.

    `speed`: seconds of the tower's clock per real second."""

    route: Route | None
    policy: RetryPolicy
    speed: float


def terms_of(landscape: Landscape, each: Delivery, speed: float) -> Terms:
    """The terms of one delivery."""
    tier: Tier | None = landscape.tiers.get(each.tier)
    return Terms(landscape.routes.get(each.route), tier.retry if tier else RetryPolicy(), speed)


def after_sending(
    each: Delivery, outcome: Outcome, terms: Terms, now: datetime.datetime, chance: random.Random
) -> Delivery:
    """The delivery after one attempt to send it (which its `attempts` count already)."""
    if outcome.kind == TAKEN:
        return taken(each, terms, now)
    failed = _failed(each, outcome.error or failure.TIMEOUT, outcome.words, now)
    if outcome.kind == UNSURE:
        return failed._replace(state=UNKNOWN, next_at=later(now, READ_BACK_AFTER, terms.speed))
    if failed.error == failure.CREDENTIALS:
        # The interface is paused and keeps its messages: they do not die of it, however often it happens.
        return failed._replace(state=RETRYING, next_at=now)
    if failed.error in retry.PERMANENT:
        return _dead(failed)
    return _again(failed, each.attempts, outcome.retry_after, terms, now, chance)


def after_reading_back(
    each: Delivery, found: ReadBack, looks: int, terms: Terms, now: datetime.datetime, chance: random.Random
) -> Delivery:
    """The delivery after the target was asked whether an unknown outcome happened; `looks`: how often it was asked."""
    if found.kind == THERE:
        return taken(each, terms, now)
    if found.kind == ABSENT:
        absent = _unclaimed(each)._replace(error=failure.TIMEOUT, words=f"read back: {found.words}"[:2000])
        return _again(absent, each.attempts, None, terms, now, chance)
    unclear = _failed(each, failure.UNCLEAR, found.words, now)
    wait = terms.policy.wait(looks, None, chance)
    return (
        _dead(unclear)
        if wait is None
        else unclear._replace(state=UNKNOWN, next_at=later(now, wait, terms.speed))
    )


def taken(each: Delivery, terms: Terms, now: datetime.datetime) -> Delivery:
    """The delivery that the target has taken; from now on it has its time to be applied."""
    within = terms.route.apply_within if terms.route else None
    return _unclaimed(each)._replace(
        state=DELIVERED, next_at=None, error="", words="", group="", delivered_at=now,
        applied_by=None if within is None else now + within,
    )  # fmt: skip


def lost(each: Delivery, now: datetime.datetime) -> Delivery:
    """The delivery whose worker never came back: it may have been sent."""
    words = "the worker ended before the answer was written down"
    return _failed(each, failure.TIMEOUT, words, now)._replace(state=UNKNOWN, next_at=now)


def _again(
    failed: Delivery,
    attempts: int,
    asked: float | None,
    terms: Terms,
    now: datetime.datetime,
    chance: random.Random,
) -> Delivery:
    wait = terms.policy.wait(attempts, asked, chance)
    return (
        _dead(failed)
        if wait is None
        else failed._replace(state=RETRYING, next_at=later(now, wait, terms.speed))
    )


def _dead(failed: Delivery) -> Delivery:
    return failed._replace(state=DEAD, next_at=None)


def _failed(each: Delivery, error: str, words: str, now: datetime.datetime) -> Delivery:
    return _unclaimed(each)._replace(
        error=error, words=words[:2000], group=fingerprint(each.route, each.target, error, words),
        first_failed_at=each.first_failed_at or now, last_failed_at=now,
    )  # fmt: skip


def _unclaimed(each: Delivery) -> Delivery:
    return each._replace(claimed_by="", claimed_until=0.0)


def later(now: datetime.datetime, seconds: float, speed: float) -> datetime.datetime:
    """The moment of the tower's clock after so many real seconds."""
    return now + datetime.timedelta(seconds=seconds * speed)
