"""Sends what people are to be told: a message each, or one for many; with patience, never silently given up."""

import datetime
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import structlog
from sqlalchemy import Connection

from controltower.connectors.channel import KINDS, NotSent, way
from controltower.domain.event import content_id
from controltower.domain.landscape import Landscape
from controltower.domain.notification import DEAD, DROPPED, SENT, WAITING, Channel, Notification
from controltower.pipeline import letters
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.tower import Tower
from controltower.store import audit, case, notification
from controltower.store.engine import one_at_a_time, reading, writing

__all__ = [
    "Deed", "NotPossible", "NotSent", "dismiss", "needs_recipient", "place_of", "resend", "resend_all", "send_due",
    "test", "usual_recipient",
]  # fmt: skip
log = structlog.get_logger(__name__)

AT_ONCE = 200
# So many to one recipient at once go as one message: nobody reads a flood.
MOST_APART = 5
# Whoever has not told what became of a message after so long has died with it.
CLAIM = datetime.timedelta(minutes=2)
SECONDS = 5.0
NOWHERE = Path()
Batch = list[Notification]
Deed = Callable[[Tower, str, str], None]


def send_due(tower: Tower, seconds: float = SECONDS) -> int:
    """Send what is due, for about so long. Returns how many notifications were tried.

    A message whose outcome the tower did not live to write down goes again, under the same id."""
    sent, end = 0, time.monotonic() + seconds
    while batches := _claimed(tower):
        for batch in batches:
            _send(tower, batch)
            sent += len(batch)
        if time.monotonic() > end:
            break
    return sent


def _claimed(tower: Tower) -> list[Batch]:
    """The next messages, ours alone until their outcome is known; few at once, so that a claim does not outlast
    itself."""
    now, real = tower.now(), _real()
    with reading(tower.engine) as connection:
        if not notification.due(connection, now, real, 1):
            return []
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        batches = list(batched(notification.due(connection, now, real, AT_ONCE)))[:MOST_APART]
        for batch in batches:
            ids = [each.id for each in batch]
            notification.claim(connection, ids, batch[0].batch or batch_of(batch), real + CLAIM)
    return batches


def _real() -> datetime.datetime:
    """Patience runs in real time, whatever clock the plants live by."""
    return datetime.datetime.now(datetime.UTC)


def batch_of(batch: Sequence[Notification]) -> str:
    """The id of a message: that of the one it tells, or one made of all."""
    return batch[0].id if len(batch) == 1 else content_id(*sorted(each.id for each in batch))


def batched(found: Sequence[Notification]) -> Iterator[Batch]:
    """What goes in one message: what was tried together before; what waited for the same recipient; else each alone,
    unless they are many."""

    def key(each: Notification) -> tuple[str, str, str, bool]:
        return each.channel, each.recipient, each.batch, bool(each.held)

    for (_, _, batch, held), group in groupby(sorted(found, key=key), key=key):
        together = list(group)
        if batch or held or len(together) > MOST_APART:
            yield together
        else:
            yield from ([each] for each in together)


def _send(tower: Tower, batch: Batch) -> None:
    with reading(tower.engine) as connection:
        found = case.by_ids(connection, {each.exception for each in batch})
        done = case.latest_actions(connection, found)
    there = [each for each in batch if each.exception in found]
    _settle(tower, [each for each in batch if each.exception not in found], DROPPED, "The exception is gone.")
    if not there:
        return
    channel = tower.landscape.channels.get(there[0].channel)
    if channel is None:
        _settle(tower, there, DEAD, "The channel is no longer declared.")
        return
    letter = letters.letter_of(tower, there[0].batch or batch_of(batch), there, found, done, _real())
    try:
        words = way(channel, tower.folder or NOWHERE)(letter)
    except NotSent as trouble:
        _failed(tower, channel, there, trouble)
    else:
        _settle(tower, there, SENT, words)
        log.info("people told", channel=channel.id, notifications=len(there))


def _failed(tower: Tower, channel: Channel, batch: Batch, trouble: NotSent) -> None:
    wait = None
    if not trouble.permanent:
        wait = channel.retry.wait(batch[0].attempts + 1, trouble.retry_after, random.Random())
    log.warning("people not told", channel=channel.id, words=str(trouble), again_in=wait)
    if wait is None:
        _settle(tower, batch, DEAD, str(trouble))
    else:
        _settle(tower, batch, WAITING, str(trouble), _real() + datetime.timedelta(seconds=wait))


def _settle(
    tower: Tower, batch: Batch, state: str, words: str, retry_at: datetime.datetime | None = None
) -> None:
    if not batch:
        return
    at = tower.now() if state == SENT else None
    with writing(tower.engine) as connection:
        notification.outcome(connection, [each.id for each in batch], state, words, at, retry_at)


def resend(tower: Tower, id: str, who: str) -> None:
    """Send one anew that was given up. Raises LookupError, or NotPossible where it was not given up."""
    with writing(tower.engine) as connection:
        _dead(connection, id)
        notification.again(connection, [id])
        _write_down(connection, tower, who, "notification.resend", id)


def dismiss(tower: Tower, id: str, who: str) -> None:
    """Let one go that was given up. Raises LookupError, or NotPossible where it was not given up."""
    with writing(tower.engine) as connection:
        _dead(connection, id)
        notification.outcome(connection, [id], DROPPED, f"Let go by {who}.")
        _write_down(connection, tower, who, "notification.dismiss", id)


def _dead(connection: Connection, id: str) -> Notification:
    one_at_a_time(connection)
    known = notification.get(connection, id)
    if known is None:
        raise LookupError(id)
    if known.state != DEAD:
        raise NotPossible("It has not been given up.")
    return known


def resend_all(tower: Tower, channel: str, who: str, reason: str) -> int:
    """Send anew all that was given up on a channel. Returns how many."""
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        ids = notification.dead_of(connection, channel)
        if ids:
            notification.again(connection, ids)
            _write_down(connection, tower, who, "notification.resend", channel, f"{len(ids)}: {reason}")
    return len(ids)


def test(tower: Tower, channel: str, to: str, who: str) -> str:
    """Send a test over a channel at once, in nobody's quiet. Returns where it went.

    Raises LookupError for an unknown channel, NotSent where the channel does not take it."""
    known = tower.landscape.channels.get(channel)
    if known is None:
        raise LookupError(channel)
    with writing(tower.engine) as connection:
        _write_down(connection, tower, who, "notification.test", channel, to)
    letter = letters.test_letter(tower, to or usual_recipient(tower.landscape, known), who, _real())
    return way(known, tower.folder or NOWHERE)(letter)


def place_of(channel: Channel) -> str:
    """Where a channel leads, in words without a secret."""
    return KINDS[channel.kind].place(channel.settings)


def needs_recipient(channel: Channel) -> bool:
    """Whether it writes to somebody; a webhook leads to one place."""
    return KINDS[channel.kind].needs_recipient


def usual_recipient(landscape: Landscape, channel: Channel) -> str:
    """Who gets a test where nobody is named: the first who is told anything over the channel."""
    if not needs_recipient(channel):
        return ""
    named = [to for each in landscape.subscriptions if each.channel == channel.id for to in each.to]
    contacts = [team.contact for team in landscape.teams.values()]
    return next((each for each in [*named, *contacts] if "@" in each), "")


def _write_down(
    connection: Connection, tower: Tower, who: str, action: str, target: str, detail: str = ""
) -> None:
    audit.write_down(connection, audit.Entry(tower.now(), who, action, target, detail))
