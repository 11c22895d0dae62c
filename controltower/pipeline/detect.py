"""Time passes: deadlines run out, sources fall silent, odd things stop. What that means becomes exceptions."""

import datetime

import structlog
from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.drift import OPEN
from controltower.domain.exception import Case
from controltower.domain.expectation import MISSED, Expectation, voided
from controltower.domain.landscape import System
from controltower.domain.standing import BUILT_IN
from controltower.pipeline import conditions, flows, measure
from controltower.pipeline.cases import close_quiet, gone_quiet, keep_cases, put
from controltower.pipeline.judge import judged
from controltower.pipeline.tower import Tower
from controltower.pipeline.undeclared import is_compared, is_expected, withdrawn
from controltower.pipeline.undelivered import findings, on_time
from controltower.rules import silence
from controltower.store import case, channel, drift, expectation, message
from controltower.store.channel import Channel
from controltower.store.engine import one_at_a_time, reading, writing

log = structlog.get_logger(__name__)

Mark = tuple[datetime.datetime, str]


def detect(tower: Tower, since: datetime.datetime | None = None) -> int:
    """Look at what time has brought. Returns the number of findings.

    `since` is when this tower began to listen: before that nobody can be blamed for silence.
    """
    now = tower.now()
    with reading(tower.engine) as connection:
        read_until = _read_until(connection, now)
        busy = (
            _anything_due(connection, tower, read_until)
            or _silences(connection, tower, now, since)
            or findings(connection, tower, now)
        )
    if not busy:
        return 0
    with writing(tower.engine) as connection:
        one_at_a_time(connection)  # or a drift that the recorder closes meanwhile would be open again
        found = pass_time(connection, tower, read_until)
        silences = _silences(connection, tower, now, since)
        put(connection, tower, silences)
        return found + len(silences) + on_time(connection, tower, now)


def pass_time(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    """Let the ledger grow older: deadlines run out, odd things stop. Returns the number of findings."""
    found = _deadlines(connection, tower, now) + close_quiet(connection, tower, now)
    found += conditions.pass_time(connection, tower, now)
    return found + flows.pass_time(connection, tower, now)


def rejudge(tower: Tower, after: Mark | None = None, limit: int = 200) -> Mark | None:
    """Ask again for the causes of open drifts, from behind a mark on: evidence may have come.

    Returns the mark to go on from, so that every one has its turn; None when all have been asked.
    """
    # Whole histories are read for this: not while webhooks wait for the one write lock.
    with reading(tower.engine) as connection:
        lasting = drift.listing(connection, after=after, limit=limit)
        changed = {each.id for each in lasting if judged(connection, tower, each)[0] != each}
    if changed:
        with writing(tower.engine) as connection:
            one_at_a_time(connection)
            still = drift.listing(connection, after=after, limit=limit)
            keep_cases(connection, tower, [each for each in still if each.id in changed], ())
    return (lasting[-1].allowed_until, lasting[-1].id) if len(lasting) == limit else None


def _read_until(connection: Connection, now: datetime.datetime) -> datetime.datetime:
    """The moment up to which the ledger has read: an answer that waits in the inbox must not count as missed."""
    oldest = message.oldest_waiting(connection)
    return now if oldest is None else min(now, oldest)


def _anything_due(connection: Connection, tower: Tower, now: datetime.datetime) -> bool:
    if drift.due(connection, now, 1) or expectation.due(connection, now, 1):
        return True
    if flows.anything_due(connection, tower, now) or conditions.anything_due(connection, now):
        return True
    return bool(gone_quiet(connection, tower, now))


def _deadlines(connection: Connection, tower: Tower, now: datetime.datetime) -> int:
    overdue = drift.due(connection, now)
    lasting = [each._replace(state=OPEN) for each in overdue if is_compared(each, tower.landscape)]
    gone = [withdrawn(each, now) for each in overdue if not is_compared(each, tower.landscape)]
    drift.put(connection, gone)
    missed = [_judged(connection, tower, each) for each in expectation.due(connection, now)]
    expectation.put(connection, missed)
    measure.answered(connection, tower, missed)
    keep_cases(connection, tower, lasting, missed)
    for each in missed:
        if each.state == MISSED:
            log.warning(
                "expected message did not come", system=each.system, subject=str(each.subject), rule=each.rule
            )
    return len(overdue) + len(missed)


def _judged(connection: Connection, tower: Tower, each: Expectation) -> Expectation:
    """Missed, unless nobody asks for it any more, or what was awaited is here and cannot be read.

    An unreadable message is an exception already; when it is mended, its subject's story is told anew."""
    missed = is_expected(each, tower.landscape)
    if each.rule in BUILT_IN:
        since = each.opened_at - tower.landscape.limits.gap_after
        missed = missed and not message.parked_of(connection, each.system, since, 1)
    return each._replace(state=MISSED) if missed else voided(each, each.due_at, "")


def _silences(
    connection: Connection, tower: Tower, now: datetime.datetime, since: datetime.datetime | None
) -> list[Case]:
    """The exceptions to write: sources that have fallen silent, and those that are heard again."""
    channels = channel.every(connection)
    known = {each.system: each for each in case.open_of(connection, (silence.RULE,))}
    changed: list[Case] = []
    for system in tower.landscape.systems.values():
        mine = [each for (name, _), each in channels.items() if name == system.id]
        changed += _silence(system, mine, known.get(system.id), now, since)
    # One that a person has resolved although it lasts is there already.
    there = case.by_ids(connection, [each.id for each in changed if each.resolved_at is None])
    return [each for each in changed if each.id not in there]


def _silence(
    system: System,
    channels: list[Channel],
    known: Case | None,
    now: datetime.datetime,
    since: datetime.datetime | None,
) -> list[Case]:
    heard = last_heard(channels)
    if known is not None:
        if heard is not None and heard > (known.last_at or known.opened_at):
            return [exceptions.resolved(known, heard, f"{system.title} is heard again.")]
        return []
    moments = [moment for moment in (heard, since) if moment is not None]
    if not moments or now - max(moments) <= system.silent_after:
        return []
    reason = next((each.last_error for each in channels if each.last_error), "")
    return [silence.case_of(system, max(moments), reason)]


def last_heard(channels: list[Channel]) -> datetime.datetime | None:
    """When a system was last heard on any channel: a message, or a poll that it answered."""
    moments = [
        moment
        for each in channels
        for moment in (each.last_message_at, each.last_success_at)
        if moment is not None
    ]
    return max(moments, default=None)
