"""Once a minute what waits is written down, and how long each source has not been heard; once an hour, what is old is
forgotten."""

import datetime

from sqlalchemy import Connection

from controltower.domain.delivery import DEAD
from controltower.domain.latency import FRESHNESS, Took
from controltower.pipeline.detect import last_heard
from controltower.pipeline.measure import plant_of
from controltower.pipeline.tower import Tower
from controltower.store import backlog, calls, channel, latency, outbox
from controltower.store.backlog import DEAD_LETTERS, OUT, Queue
from controltower.store.engine import reading, writing
from controltower.store.latency import HOUR, MINUTE


class Gauge:
    """One process's look at the queues, at most once in a minute of the tower's clock."""

    def __init__(self, tower: Tower) -> None:
        self._tower = tower
        self._minute = self._hour = 0

    def look(self) -> int:
        """Write the present state down. Returns how many queues hold something; 0 when this minute was written."""
        now = self._tower.now()
        minute, hour = latency.start_of(now, MINUTE), latency.start_of(now, HOUR)
        if minute == self._minute:
            return 0
        with reading(self._tower.engine) as connection:
            held = queues(connection)
            ages = _ages(connection, self._tower, now)
        with writing(self._tower.engine) as connection:
            backlog.sample(connection, now, held)
            latency.add(connection, now, ages)
            if hour != self._hour:
                for table in (latency, backlog, calls):
                    table.tidy(connection, now)
        self._minute, self._hour = minute, hour
        return len(held)


def queues(connection: Connection) -> list[Queue]:
    """All that waits now: to be read, to be mended, to go out, to be answered."""
    return [
        *backlog.waiting(connection),
        *backlog.parked(connection),
        *_outgoing(connection),
        *backlog.overdue(connection),
    ]


def _outgoing(connection: Connection) -> list[Queue]:
    found: dict[tuple[str, str, str], Queue] = {}
    for each in outbox.backlogs(connection):
        kind = DEAD_LETTERS if each.state == DEAD else OUT
        key = kind, each.route, each.target
        held = found.get(key, Queue(*key, 0, each.oldest_at))
        since = min(held.since or each.oldest_at, each.oldest_at)
        found[key] = held._replace(number=held.number + each.number, since=since)
    return list(found.values())


def _ages(connection: Connection, tower: Tower, now: datetime.datetime) -> list[Took]:
    """How long each source has not been heard; one that was never heard says nothing of its freshness."""
    channels = channel.every(connection)
    found = []
    for system in tower.landscape.systems.values():
        heard = last_heard([each for (id, _), each in channels.items() if id == system.id])
        if heard is not None:
            age = max((now - heard).total_seconds(), 0.0)
            found.append(Took(FRESHNESS, system.id, "", plant_of(system), age))
    return found
