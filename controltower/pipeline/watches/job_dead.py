"""A dead man's switch for the tower's own jobs: sources no longer asked, an inbox no longer emptied."""

import datetime
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import System
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import unattended
from controltower.rules.unattended import JOB
from controltower.rules.watched import WATCHED
from controltower.store import channel, message
from controltower.store.channel import POLL, Channel


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    after = tower.landscape.limits.of(JOB, "after", WATCHED[JOB]["after"])
    oldest = message.oldest_waiting(connection)
    if oldest is not None and oldest + after < now:
        yield unattended.inbox_stuck(oldest, oldest + after)
    tried = {name: each for (name, way), each in channel.every(connection).items() if way == POLL}
    yield from unasked(tower.landscape.systems, tried, tower.clock.speed, after, now)


def unasked(
    systems: Mapping[str, System],
    tried: Mapping[str, Channel],
    speed: float,
    after: datetime.timedelta,
    now: datetime.datetime,
) -> Iterable[Case]:
    """Sources whose turn has passed without a try, though the tower tries others: else it has but just begun."""
    moments = {name: each.last_attempt_at for name, each in tried.items() if each.last_attempt_at is not None}
    if not moments or max(moments.values()) + after < now:
        return
    for name, last in moments.items():
        system = systems.get(name)
        if system is None or system.polling is None:
            continue
        turn = max(
            last + datetime.timedelta(seconds=3 * system.polling.every * speed), tried[name].next_at or last
        )
        if turn + after < now:
            yield unattended.job_dead(system, last, turn + after)


WATCH = Watch((JOB,), _present, "It runs again.")
