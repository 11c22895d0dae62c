"""Resubmissions of many: the set is frozen at the click, then goes out in batches that grow while they go well."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain.batch import SIZES, Course, course
from controltower.domain.delivery import STUCK, Delivery
from controltower.domain.rehearsal import (
    BLOCKED,
    SAFE,
    SUPERSEDED,
    VERDICTS,
    Selection,
    Verdict,
    why_not,
)
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.rehearse import bars, judge, selected
from controltower.pipeline.resubmit import Stale, copied, entry_of, locked, reason_of, send_again
from controltower.pipeline.tower import Tower
from controltower.store import audit, resubmission
from controltower.store.engine import one_at_a_time, reading, writing
from controltower.store.resubmission import CANCELLED, DONE, PAUSED, RUNNING, Item, Run

__all__ = ["advance_runs", "begin", "cancel_run", "go_on", "pause_run"]

THE_TOWER = "tower"
# Items in one transaction: enough for bulk writes to pay, few enough for a webhook not to wait long.
_AT_ONCE = 50
# Transactions of one call, so that the worker sees in time that it is to stop.
_MOST_TURNS = 20
# So many real seconds something that failed may try again by itself before it counts as failed.
_PATIENCE = 120.0


def begin(
    tower: Tower,
    selection: Selection,
    who: str,
    reason: str,
    include: Sequence[str] = (SAFE,),
    confirm_stale: bool = False,
) -> int:
    """Freeze what a selection means now and have it sent again. Returns the run's id; the worker does the rest.

    `include`: the verdicts that are sent; what has another one is kept in the run and left out. Raises NotPossible for
    an empty set or without a reason, Stale when old news is included and that is not confirmed."""
    reason, wrong = reason_of(reason), set(include) - set(VERDICTS)
    if wrong or not include:
        raise NotPossible(f"include must be some of {', '.join(VERDICTS)}")
    with reading(tower.engine) as connection:
        judged = [
            (each, verdicts[each.id])
            for portion in selected(connection, selection)
            for verdicts in [judge(connection, tower, portion, selection.holds)]
            for each in portion
        ]
    if not any(verdict.kind in include for _, verdict in judged):
        raise NotPossible("There is nothing to send.")
    stale = [verdict for _, verdict in judged if verdict.is_stale and verdict.kind in include]
    if stale and not confirm_stale:
        raise Stale(stale[0]._replace(why=f"{len(stale)} of them would tell old news. {stale[0].why}"))
    judged.sort(
        key=lambda each: (each[0].ordinal, each[0].id)
    )  # oldest first, so that each order keeps its order
    items = [_frozen(n, each, verdict, include) for n, (each, verdict) in enumerate(judged, 1)]
    run = Run(0, who, reason, _words(selection, len(items)), tuple(include), confirm_stale, tower.now(),
              total=len(items), batch=1, size=SIZES[0])  # fmt: skip
    with writing(tower.engine) as connection:
        id = resubmission.begin(connection, run, items)
        detail = (
            f"{run.what}; {', '.join(include)}{' (old news confirmed)' if confirm_stale else ''}: {reason}"
        )
        audit.write_down(connection, audit.Entry(run.created_at, who, "resubmission.begin", str(id), detail))
    return id


def _frozen(n: int, each: Delivery, verdict: Verdict, include: Sequence[str]) -> Item:
    outcome, why = resubmission.WAITING, ""
    if verdict.kind not in include:
        outcome, why = _left_out(verdict), verdict.why
    return Item(0, n, each.id, each.target, each.state, verdict.kind, outcome, why)


def _left_out(verdict: Verdict) -> str:
    return resubmission.SUPERSEDED if verdict.kind == SUPERSEDED else resubmission.SKIPPED


def _words(selection: Selection, number: int) -> str:
    """A selection as one reads it in the list of runs and in the audit log."""
    parts = [f"{number:,} deliver{'y' if number == 1 else 'ies'}"]
    named = (("of group", selection.group), ("by", selection.route), ("to", selection.target))
    parts += [f"{word} {value}" for word, value in named if value and not selection.ids]
    if selection.states and not selection.ids:
        parts.append(f"({', '.join(selection.states)})")
    return " ".join(parts)


# ---- by hand ----------------------------------------------------------------------------------------------------


def pause_run(tower: Tower, run: int, who: str) -> Run:
    """Hand no more of a run to the outbox until it goes on. Raises LookupError, NotPossible when it does not run."""
    return _change(
        tower, run, who, "pause", (RUNNING,), lambda held: held._replace(state=PAUSED, why=f"paused by {who}")
    )


def go_on(tower: Tower, run: int, who: str) -> Run:
    """Let a paused run go on, from the smallest batch. Raises LookupError, NotPossible when it is not paused."""
    return _change(
        tower, run, who, "go-on", (PAUSED,),
        lambda held: held._replace(state=RUNNING, why="", batch=held.batch + 1, size=SIZES[0]),
    )  # fmt: skip


def cancel_run(tower: Tower, run: int, who: str) -> Run:
    """End a run: what waits for its turn is left out, what was handed over takes its course.

    Raises LookupError, NotPossible when it has ended."""
    return _change(
        tower, run, who, "cancel", (RUNNING, PAUSED),
        lambda held: held._replace(state=CANCELLED, why=f"cancelled by {who}", ended_at=tower.now()),
    )  # fmt: skip


def _change(
    tower: Tower, id: int, who: str, action: str, states: Sequence[str], change: Callable[[Run], Run]
) -> Run:
    with writing(tower.engine) as connection:
        run = resubmission.get(connection, id, lock=True)
        if run is None:
            raise LookupError(id)
        if run.state not in states:
            raise NotPossible(f"It is {run.state}.")
        changed = change(run)
        resubmission.put(connection, changed)
        detail = ""
        if changed.state == CANCELLED:
            detail = f"{resubmission.drop_waiting(connection, id, changed.why)} left out"
        audit.write_down(connection, audit.Entry(tower.now(), who, f"resubmission.{action}", str(id), detail))
    return changed


# ---- by the worker ----------------------------------------------------------------------------------------------


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
        if gone.mostly_failed:
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
    for item in plan.items:
        original = held.get(item.delivery)
        left_out = _left(run, item, original, verdicts.get(item.delivery))
        if left_out is not None or original is None:
            outcome, why = left_out or (resubmission.SKIPPED, "It is not kept any more.")
            settled.append(item._replace(outcome=outcome, why=why))
            continue
        forced = verdicts[original.id].is_stale
        copy = copied(tower, original, run.author, run.reason, forced=forced, run=run.id)
        pairs.append((original, copy))
        settled.append(item._replace(outcome=resubmission.SENT, new_delivery=copy.id, batch=run.batch))
    stored = send_again(connection, tower, pairs) if pairs else []
    resubmission.settle(connection, settled)
    words = f"{run.reason} (resubmission {run.id})"
    audit.write_down_all(connection, [entry_of(tower, each, words) for each in stored])
    return len(pairs)


def _left(run: Run, item: Item, original: Delivery | None, verdict: Verdict | None) -> tuple[str, str] | None:
    """Why an item is left out after all, as outcome and words; None where it is to be sent."""
    if original is None or verdict is None:
        return resubmission.SKIPPED, "It is not kept any more."
    meanwhile = original.state != item.state and not {original.state, item.state} <= {*STUCK}
    if why_not(original) or meanwhile:
        return resubmission.SKIPPED, why_not(original) or f"It is {original.state} meanwhile."
    if verdict.kind == SAFE or (verdict.kind == BLOCKED and BLOCKED in run.include):
        return None
    # Old news that was confirmed is that which was known at the click.
    if verdict.is_stale and run.confirmed and item.verdict == verdict.kind:
        return None
    return _left_out(verdict), verdict.why
