"""A polled source that does not answer as it should is told by its cause, long before it counts as silent."""

import datetime
from collections.abc import Iterable

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import trouble
from controltower.rules.watched import WATCHED
from controltower.store import channel
from controltower.store.channel import POLL, Channel

_FIGURES = WATCHED[trouble.SOURCE]


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    limits = tower.landscape.limits
    after = limits.of(trouble.SOURCE, "after", _FIGURES["after"])
    least = limits.of(trouble.SOURCE, "failures", _FIGURES["failures"])
    for (name, way), each in channel.every(connection).items():
        system = tower.landscape.systems.get(name)
        if way != POLL or system is None or system.polling is None or each.failures < least:
            continue
        since = _since(connection, each, now)
        if since is not None and since + after < now:
            yield trouble.source(system, each.error_kind, since, since + after, each.last_error)


def _since(connection: Connection, each: Channel, now: datetime.datetime) -> datetime.datetime | None:
    """When it began to fail: its last success, else its first try, which began the outage."""
    if each.last_success_at is not None:
        return each.last_success_at
    lasting = channel.outages(connection, each.system, now, limit=1)
    return lasting[0].began_at if lasting else None


WATCH = Watch((trouble.SOURCE,), _present, "It answers again.")
