"""Dead messages that newer news has overtaken: nobody has to decide about them, and the audit log says why."""

from collections.abc import Sequence

from sqlalchemy import Connection

from controltower.domain.delivery import DEAD, SUPERSEDED, Delivery
from controltower.domain.rehearsal import Selection, Verdict
from controltower.pipeline import lanes
from controltower.pipeline.rehearse import judge, selected
from controltower.pipeline.resubmit import locked
from controltower.pipeline.tower import Tower
from controltower.store import audit, delivery
from controltower.store.engine import again_when_deadlocked, one_at_a_time, reading, writing


def is_needless(each: Delivery, verdict: Verdict) -> bool:
    """Whether a dead message says nothing that its target has not been told anew."""
    return each.state == DEAD and verdict.is_overtaken


def put_aside(
    connection: Connection, tower: Tower, overtaken: Sequence[Delivery], who: str, why: str
) -> None:
    """Let them be dead no more. The caller holds the ledger's turn."""
    gone = [each._replace(state=SUPERSEDED, next_at=None) for each in overtaken]
    delivery.put(connection, gone)
    lanes.settled(connection, tower, gone)
    now = tower.now()
    lines = [audit.Entry(now, who, "delivery.supersede", str(each.id), why) for each in gone]
    audit.write_down_all(connection, lines)


def put_all_aside(tower: Tower, selection: Selection, who: str, why: str) -> int:
    """Put aside what of a selection newer news has overtaken. Returns how many."""
    with reading(tower.engine) as connection:
        portions = list(selected(connection, selection))
    return sum(_put_aside(tower, portion, who, why) for portion in portions)


@again_when_deadlocked
def _put_aside(tower: Tower, portion: Sequence[Delivery], who: str, why: str) -> int:
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        held = locked(connection, [each.id for each in portion])
        verdicts = judge(connection, tower, list(held.values()), lambda each: each.id in held)
        overtaken = [each for each in held.values() if is_needless(each, verdicts[each.id])]
        put_aside(connection, tower, overtaken, who, why)
    return len(overtaken)
