"""Dead letters that nobody takes up are a fault of their own: the exception about them is open, and nobody reads it."""

import datetime
from collections.abc import Iterable

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import unattended
from controltower.rules.sending import DEAD_LETTERS
from controltower.rules.unattended import UNREAD
from controltower.rules.watched import WATCHED
from controltower.store import case
from controltower.store.case import ACKNOWLEDGE, ASSIGN, REMEDY

# What shows that somebody has taken it up; the tower's own escalation does not.
_TAKEN_UP = frozenset({ACKNOWLEDGE, ASSIGN, REMEDY})


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    after = tower.landscape.limits.of(UNREAD, "after", WATCHED[UNREAD]["after"])
    old = [each for each in case.open_of(connection, (DEAD_LETTERS,)) if each.opened_at + after < now]
    done = case.latest_actions(connection, [each.id for each in old]) if old else {}
    for each in old:
        if not _TAKEN_UP & {action.action for action in done.get(each.id, ())}:
            yield unattended.unread(each, each.opened_at + after)


WATCH = Watch((UNREAD,), _present, "Somebody has taken it up, or none is dead any more.")
