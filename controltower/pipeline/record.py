"""Events move the ledger: the waiting messages of the inbox are translated, and what they say is taken over."""

import time
from collections.abc import Iterable, Iterator, Sequence

import structlog
from sqlalchemy import Connection

from controltower.connectors.contract import Fault
from controltower.domain.event import Position
from controltower.pipeline.takeover import take_over
from controltower.pipeline.tower import Tower
from controltower.pipeline.translation import Translated, printable, translate
from controltower.store import message
from controltower.store.engine import again_when_deadlocked, is_outage, one_at_a_time, reading, said, writing

log = structlog.get_logger(__name__)

# Enough for bulk writes to pay, few enough for the write lock to be free again before a webhook grows impatient.
_EVENTS_AT_ONCE = 1000


def record_waiting(tower: Tower, limit: int = 80) -> int:
    """Translate and record the oldest waiting messages. Returns how many messages were handled."""
    with reading(tower.engine) as connection:
        waiting = message.waiting(connection, limit)
    for portion in portions(translate(tower, *each) for each in waiting):
        began = time.monotonic()
        mine = _record_portion(tower, portion)
        tower.witness.recorded(mine, time.monotonic() - began)
    return len(waiting)


@again_when_deadlocked
def _record_portion(tower: Tower, portion: Sequence[Translated]) -> list[Translated]:
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        # Another recorder may have been quicker, whatever the leases say.
        still = message.still_waiting(connection, [each.message.id for each in portion])
        mine = [each for each in portion if each.message.id in still]
        record(connection, tower, mine)
    return mine


def portions(translated: Iterable[Translated]) -> Iterator[list[Translated]]:
    """Messages in groups that one transaction takes."""
    portion: list[Translated] = []
    size = 0
    for each in translated:
        if portion and size + len(each.events) > _EVENTS_AT_ONCE:
            yield portion
            portion, size = [], 0
        portion.append(each)
        size += len(each.events)
    if portion:
        yield portion


def record(connection: Connection, tower: Tower, translated: Sequence[Translated]) -> int:
    """Take over what messages say, in the order of their arrival. Returns how many events were new.

    A message that cannot be recorded is parked with the reason, and stops no other one. The caller holds the turn
    of `one_at_a_time`. Raises what the database itself suffers from.
    """
    try:
        with connection.begin_nested():
            return take_over(connection, tower, translated)
    except Exception as error:  # whatever one message holds that nobody thought of, the others go on
        if is_outage(error):
            raise
        if len(translated) == 1:
            return _record_sound(connection, tower, translated[0], error)
    middle = len(translated) // 2
    return record(connection, tower, translated[:middle]) + record(connection, tower, translated[middle:])


def _record_sound(connection: Connection, tower: Tower, each: Translated, error: Exception) -> int:
    """Record the events of a message that can be, and park the others; all of them if none alone is to blame."""
    log.error("message not recorded", message=each.message.id, system=each.message.system, exc_info=error)
    bad = _unrecordable(connection, tower, each) if len(each.events) > 1 else {}
    sound = [recorded for recorded in each.events if recorded.position not in bad]
    partly = each._replace(events=sound, faults=[*each.faults, *bad.values()])
    if bad and sound and _refusal(connection, tower, partly) is None:
        return take_over(connection, tower, [partly])
    whole = Fault(0, "", _words(error))
    return take_over(connection, tower, [each._replace(events=(), faults=[*each.faults, whole])])


def _unrecordable(connection: Connection, tower: Tower, each: Translated) -> dict[Position, Fault]:
    """The events of a message that cannot be recorded, found by halving."""
    refusal = _refusal(connection, tower, each)
    if refusal is None:
        return {}
    if len(each.events) == 1:
        element, position = each.events[0].event.element, each.events[0].position
        return {position: Fault(element, f"/{element}", _words(refusal))}
    middle = len(each.events) // 2
    halves = each._replace(events=each.events[:middle]), each._replace(events=each.events[middle:])
    return {
        position: fault
        for half in halves
        for position, fault in _unrecordable(connection, tower, half).items()
    }


def _refusal(connection: Connection, tower: Tower, each: Translated) -> Exception | None:
    """What stands in the way of recording a message; tried and taken back."""
    attempt = connection.begin_nested()
    try:
        take_over(connection, tower, [each])
    except Exception as error:  # the same as above: any
        if is_outage(error):
            raise
        return error
    finally:
        attempt.rollback()
    return None


def _words(error: Exception) -> str:
    return printable(f"could not be recorded: {said(error)}"[:200])
