"""Resubmissions of many go on by themselves: in batches that grow while they go well, each item judged anew."""

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain.batch import Course, course
from controltower.domain.delivery import STUCK, Delivery
from controltower.domain.rehearsal import BLOCKED, SAFE, SUPERSEDED, Verdict, why_not
from controltower.pipeline.overtaken import is_needless, put_aside
from controltower.pipeline.rehearse import bars, judge
from controltower.pipeline.resubmit import copied, entry_of, locked, send_again
from controltower.pipeline.tower import Tower
from controltower.store import audit, resubmission
from controltower.store.engine import again_when_deadlocked, one_at_a_time, reading, writing
from controltower.store.resubmission import DONE, PAUSED, RUNNING, Item, Run

THE_TOWER = "tower"
# Items in one transaction: enough for bulk writes to pay, few enough for a webhook not to wait long.
_AT_ONCE = 50
# Transactions of one call, so that the worker sees in time that it is to stop.
_MOST_TURNS = 20
# So many real seconds something that failed may try again by itself before it counts as failed.
_PATIENCE = 120.0


def advance_runs(tower: Tower) -> int:
    """Let every run go on by what it may do now. Returns how many items were handed over or left out.

    Any number of workers may do so: an item's new delivery is written in the transaction that marks the item."""
    with reading(tower.engine) as connection:
        running = resubmission.running(connection)
    return sum(_advance(tower, id) for id in running)


def _advance(tower: Tower, id: int) -> int:
    done = 0
    for _ in range(_MOST_TURNS):
        handled = _turn(tower, id)
        done += handled
        if not handled:
            break
    return done


@again_when_deadlocked
def _turn(tower: Tower, id: int) -> int:
    with reading(tower.engine) as connection:
        run = resubmission.get(connection, id)
        if run is None or run.state != RUNNING or _plan(connection, tower, run) == Plan(run):
            return 0  # nothing to do: nobody else has to wait for us to find that out
    with writing(tower.engine) as connection:
        one_at_a_time(connection)
        run = resubmission.get(connection, id, lock=True)
        if run is None or run.state != RUNNING:
            return 0
        plan = _plan(connection, tower, run)
        sent = _hand_over(connection, tower, plan) if plan.items else 0
        resubmission.put(connection, plan.run._replace(sent=plan.run.sent + sent))
        if plan.run.state == PAUSED:
            entry = audit.Entry(tower.now(), THE_TOWER, "resubmission.pause", str(id), plan.run.why)
            audit.write_down(connection, entry)
    return len(plan.items)


class Plan(NamedTuple):
    """What a run does next: how it stands then, and the items that it takes up."""

    run: Run
    items: Sequence[Item] = ()


def _plan(connection: Connection, tower: Tower, run: Run) -> Plan:
    barred = bars(connection, tower, tower.senders)
    batch = resubmission.batch(connection, run.id, run.batch)
    room = run.size - len(batch)
    if room <= 0:
        gone = course(batch, tower.now(), datetime.timedelta(seconds=_PATIENCE * tower.clock.speed))
        if gone.open:
            return Plan(run._replace(why=_waits(connection, run, barred)))
        if gone.mostly_failed and resubmission.take(connection, run.id, (), 1):
            return Plan(run._replace(state=PAUSED, why=_failure(connection, run, gone)))
        room = gone.next_size(run.size)
        run = run._replace(batch=run.batch + 1, size=room)
    items = resubmission.take(connection, run.id, sorted(barred), min(room, _AT_ONCE))
    if items or resubmission.is_under_way(connection, run.id, tower.now()):
        return Plan(run._replace(why=_waits(connection, run, barred)), items)
    return Plan(run._replace(state=DONE, why="", ended_at=tower.now()))


def _waits(connection: Connection, run: Run, barred: Mapping[str, str]) -> str:
    """Why some of it cannot go now, in words."""
    target = resubmission.held_target(connection, run, sorted(barred)) if barred else ""
    return f"Waits. {barred[target]}" if target else ""


def _failure(connection: Connection, run: Run, gone: Course) -> str:
    words = resubmission.last_words(connection, run.id, run.batch)[:300]
    return (
        f"{gone.failed} of {gone.failed + gone.good} of the last batch failed again: {words or 'no answer'}"
    )


def _hand_over(connection: Connection, tower: Tower, plan: Plan) -> int:
    """Judge items anew and send what may be sent. Returns how many went to the outbox."""
    run, held = plan.run, locked(connection, [each.delivery for each in plan.items])
    verdicts = judge(connection, tower, list(held.values()), lambda each: each.id in held)
    pairs: list[tuple[Delivery, Delivery]] = []
    settled: list[Item] = []
    overtaken: list[Delivery] = []
    for item in plan.items:
        original = held.get(item.delivery)
        if original is not None and _waits_for_its_target(tower, original, verdicts[original.id]):
            continue  # its way was barred this very moment: its turn comes again
        left = _left_out_after_all(run, item, original, verdicts)
        if original is None or left is not None:
            left = left or _GONE
            settled.append(item._replace(outcome=left.outcome, why=left.why))
            # What was old news at the click already was shown as that, and is left to that person.
            if original is not None and item.verdict == SAFE and is_needless(original, verdicts[original.id]):
                overtaken.append(original)
            continue
        forced = verdicts[original.id].is_stale
        copy = copied(tower, original, run.author, run.reason, forced=forced, run=run.id)
        pairs.append((original, copy))
        settled.append(item._replace(outcome=resubmission.SENT, new_delivery=copy.id, batch=run.batch))
    stored = send_again(connection, tower, pairs) if pairs else []
    resubmission.settle(connection, settled)
    put_aside(connection, tower, overtaken, run.author, f"overtaken while resubmission {run.id} went on")
    words = f"{run.reason} (resubmission {run.id})"
    audit.write_down_all(connection, [entry_of(tower, each, words) for each in stored])
    return len(pairs)


def _waits_for_its_target(tower: Tower, original: Delivery, verdict: Verdict) -> bool:
    return verdict.kind == BLOCKED and verdict.is_barred and original.target in tower.senders


class _Left(NamedTuple):
    outcome: str
    why: str


_GONE = _Left(resubmission.SKIPPED, "It is not kept any more.")


def _left_out_after_all(
    run: Run, item: Item, original: Delivery | None, verdicts: Mapping[int, Verdict]
) -> _Left | None:
    """Why an item is left out after all; None where it is to be sent."""
    if original is None:
        return _GONE
    refusal, verdict = why_not(original), verdicts[original.id]
    if refusal:
        return _Left(resubmission.SKIPPED, refusal)
    if original.state != item.state and not {original.state, item.state} <= {*STUCK}:
        return _Left(resubmission.SKIPPED, f"It is {original.state} meanwhile.")
    if verdict.kind == SAFE or (verdict.kind == BLOCKED and BLOCKED in run.include):
        return None
    # Old news that was confirmed is that which was known at the click.
    if verdict.is_stale and run.confirmed and item.verdict == verdict.kind:
        return None
    return _Left(left_out(verdict), verdict.why)


def left_out(verdict: Verdict) -> str:
    """The outcome of an item that is not sent."""
    return resubmission.SUPERSEDED if verdict.kind == SUPERSEDED else resubmission.SKIPPED
