"""Watches that every canary comes back in time (building block E3)."""

import datetime
from collections.abc import Iterator

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import canary as rule
from controltower.store import canary


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    taking_part = {each.id: each for each in tower.landscape.systems.values() if each.canary}
    if not taking_part:
        return
    usual = rule.FIGURES[rule.RULE]["within"]
    within: datetime.timedelta = tower.landscape.limits.of(rule.RULE, "within", usual)
    for system, lost in canary.overdue(connection, now - within).items():
        if system in taking_part:
            yield rule.case_of(taking_part[system], lost.sent_at, lost.trouble, within, lost.id)


WATCH = Watch((rule.RULE,), _present, "A canary has come back.")
