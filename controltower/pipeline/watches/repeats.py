"""Sources that tell known facts again are looked at more closely: a replay, or one message without end."""

import datetime
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import Limits, System
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import repeats as rule
from controltower.rules.repeats import AMPLIFIED, STORM, Repeat
from controltower.rules.signal import DUPLICATE
from controltower.rules.watched import WATCHED
from controltower.store import case, message
from controltower.store.channel import HOOK

_MOST = 400  # messages that are looked at


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterable[Case]:
    limits = tower.landscape.limits
    window = _figure(limits, STORM, "within")
    for suspect in case.open_of(connection, (DUPLICATE,)):
        system = tower.landscape.system(suspect.system)
        found = _repeats(connection, system.id, now - window)
        yield from judged(system, found, limits)


def judged(system: System, found: list[Repeat], limits: Limits) -> Iterable[Case]:
    """What repeats of one system amount to; newest first."""
    if sum(each.known for each in found) >= _figure(limits, STORM, "known"):
        yield rule.storm(system, found)
    copies = sorted((each for each in found if each.original is not None), key=_original)
    groups = [sorted(each, reverse=True) for _, each in groupby(copies, key=_original)]
    most = max(groups, key=len, default=[])
    if len(most) >= _figure(limits, AMPLIFIED, "copies"):
        yield rule.amplified(system, most)


def _repeats(connection: Connection, system: str, since: datetime.datetime) -> list[Repeat]:
    """The newest messages of a system that told known facts."""
    newest = message.listing(connection, system=system, channel=HOOK, since=since, limit=_MOST)
    told = [Repeat(each.id, each.received_at, len(each.duplicates or ()), each.original) for each in newest]
    return [each for each in told if each.known or each.original is not None]


def _original(each: Repeat) -> int:
    return each.original or 0


def _figure(limits: Limits, of: str, name: str) -> Any:
    return limits.of(of, name, WATCHED[of][name])


WATCH = Watch((STORM, AMPLIFIED), _present, "It no longer tells known facts again.")
