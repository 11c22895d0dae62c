"""The disk of an embedded database: a tower that cannot write any more cannot tell of it either."""

import datetime
import shutil
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import unattended
from controltower.rules.unattended import DISK
from controltower.rules.watched import WATCHED

_MEGABYTE = 1_000_000


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    named = tower.engine.url.database
    if tower.engine.dialect.name != "sqlite" or not named or named == ":memory:":
        return
    folder = Path(named).parent
    free = shutil.disk_usage(folder).free / _MEGABYTE
    if free < tower.landscape.limits.of(DISK, "megabytes", WATCHED[DISK]["megabytes"]):
        yield unattended.disk_low(str(folder), free, now)


WATCH = Watch((DISK,), _present, "There is room again.")
