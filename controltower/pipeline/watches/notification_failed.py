"""People who were not told: notifications that their channel did not take."""

import datetime
from collections.abc import Iterable

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules.notification import FAILED, failed
from controltower.store import notification


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    for each in notification.failing(connection):
        yield failed(each.channel, each.number, each.first, each.last, tower.landscape)


WATCH = Watch((FAILED,), _present, "They were sent again, or nobody needs them any more.")
