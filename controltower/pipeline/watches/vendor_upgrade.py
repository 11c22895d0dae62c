"""What began to differ when a system showed a new version is laid at its door."""

import datetime
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import upgrade
from controltower.rules.upgrade import FIGURES, UPGRADE, Change
from controltower.store import connection as connections
from controltower.store import drift


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    limits, usual = tower.landscape.limits, FIGURES[UPGRADE]
    least, shortly, new = (limits.of(UPGRADE, name, usual[name]) for name in ("least", "shortly", "new"))
    changes = list(_changes(connection, now - new))
    lasting = drift.open_ones(connection) if changes else []
    for change in changes:
        broken = upgrade.broken_by(change, lasting, shortly)
        if len(broken) >= least:
            yield upgrade.case_of(change, broken, tower.landscape)


def _changes(connection: Connection, since: datetime.datetime) -> Iterator[Change]:
    for report in connections.every(connection).values():
        if report.version_before and report.version_at and report.version_at >= since:
            yield Change(report.system, report.version_before, report.version, report.version_at)


WATCH = Watch((UPGRADE,), _present, upgrade.OVER)
