"""The ledger is told again from the inbox: all of it, or some parked messages in place."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from controltower.domain.memory import Memory
from controltower.pipeline import life
from controltower.pipeline.detect import pass_time
from controltower.pipeline.record import portions, record, record_waiting
from controltower.pipeline.settling import settle_in
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import translate
from controltower.store import case, kinship, message, rebuild
from controltower.store.engine import one_at_a_time, reading, writing

_AT_ONCE = 200


def reprocess(tower: Tower, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Rebuild events, beliefs, drift, expectations and exceptions from the inbox. Returns the messages read.

    All in one transaction: until it commits, every page shows the ledger as it was. What people did about
    exceptions, and what was seen of sources that were silent, is kept. Nothing is sent: what was to be told to others
    was written down when it was new.
    """
    mute = replace(tower, senders={}, retelling=True, memory=Memory())
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        lives, there = kinship.lives(connection), kinship.open_ids(connection)
        total = rebuild.clear(connection)
        done = _tell_all(connection, mute, total, progress)
        while pass_time(connection, replace(tower, retelling=True), tower.now()):
            continue
        kinship.restore(connection, lives)
        _begin_lives(connection, tower, kinship.open_ids(connection) - there)
        settle_in(connection, tower, tower.now())
        return done


def _begin_lives(connection: Connection, tower: Tower, ids: set[str]) -> None:
    """Exceptions that only today's configuration finds begin as any new one does."""
    for start in range(0, len(ids), _AT_ONCE):
        found = case.by_ids(connection, sorted(ids)[start : start + _AT_ONCE])
        life.write(connection, tower, list(found.values()), {})


def _tell_all(connection: Connection, tower: Tower, total: int, progress: Callable[[int, int], None]) -> int:
    after = done = 0
    while portion := message.all_after(connection, after, _AT_ONCE):
        told = [each for each in portion if each[0].state in rebuild.READABLE]
        for part in portions(translate(tower, *each) for each in told):
            record(connection, tower, part)
        after, done = portion[-1][0].id, done + len(portion)
        progress(done, total)
    return done


def reprocess_messages(tower: Tower, ids: Sequence[int]) -> int:
    """Translate parked messages again, in place, with today's mapping. Returns how many were taken up."""
    with writing(tower.engine) as connection:
        taken = message.reopen(connection, ids)
    while taken and record_waiting(tower):
        continue
    return taken


def parked_ids(tower: Tower, system: str, limit: int = 500) -> list[int]:
    """The messages of a system that are parked, wholly or in part."""
    with reading(tower.engine) as connection:
        found = [
            each.id
            for state in (message.PARKED, message.PARTLY)
            for each in message.listing(connection, system=system, state=state, limit=limit)
        ]
    return sorted(found)[:limit]
