"""Signed messages that were refused at the door: their sender heard why, and somebody here must hear of it too."""

import datetime

from sqlalchemy import Connection

from controltower.domain import exception as exceptions
from controltower.domain.exception import Case
from controltower.domain.landscape import System
from controltower.pipeline.cases import put
from controltower.pipeline.tower import Tower
from controltower.rules import refusal
from controltower.store import case, message
from controltower.store.engine import reading, writing
from controltower.store.message import Message


def note_refusals(tower: Tower) -> int:
    """Open an exception for a system whose messages are refused, and resolve it once that has stopped.

    Returns how many exceptions changed. Watched, not read: reprocessing leaves these exceptions alone."""
    with reading(tower.engine) as connection:
        changed = _changed(connection, tower, tower.now())
    if changed:
        with writing(tower.engine) as connection:
            put(connection, tower, changed)
    return len(changed)


def _changed(connection: Connection, tower: Tower, now: datetime.datetime) -> list[Case]:
    known = {each.system: each for each in case.open_of(connection, (refusal.RULE,))}
    found: list[Case] = []
    for system in tower.landscape.systems.values():
        if system.hooks is not None:
            newest = message.listing(connection, system=system.id, state=message.REJECTED, limit=1)
            found += _judged(system, newest, known.get(system.id), now, tower.landscape.limits.quiet_after)
    return found


def _judged(
    system: System,
    newest: list[Message],
    known: Case | None,
    now: datetime.datetime,
    quiet: datetime.timedelta,
) -> list[Case]:
    last = newest[0] if newest else None
    if known is not None and last is not None and last.received_at > (known.last_at or known.opened_at):
        why = refusal.why(system, _place(last))
        return [exceptions.sighted(known, last.received_at, refusal.evidence_of(last.id), why)]
    if known is not None:
        over = (known.last_at or known.opened_at) + quiet
        return [exceptions.resolved(known, over, "No message was refused since.")] if over < now else []
    if last is None or last.received_at + quiet < now:
        return []
    return [refusal.case_of(system, last.id, last.received_at, _place(last))]


def _place(refused: Message) -> str:
    fault = (refused.faults or [{"pointer": "", "message": "it breaks the contract"}])[0]
    return f"{fault['pointer'] or 'the whole message'}: {fault['message']}"
