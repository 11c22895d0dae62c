"""Differences between what a system holds and what is believed of it, once they count."""

import datetime
from collections.abc import Iterable

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import comparison as rule
from controltower.store import comparison


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    known = comparison.differences(connection)
    return rule.cases((each for each in known if each.system in tower.landscape.systems), tower.landscape)


WATCH = Watch((rule.RULE,), _present, "Compared again: both sides hold the same.")
