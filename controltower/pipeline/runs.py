"""Resubmissions of many: the set is frozen at the click, then goes out in batches that grow while they go well."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from controltower.domain.batch import SIZES, Course, course
from controltower.domain.delivery import STUCK, Delivery
from controltower.domain.failure import TITLES, normalised
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
    judged = _judged(tower, selection)
    if not any(verdict.kind in include for _, verdict in judged):
        raise NotPossible("There is nothing to send.")
    stale = [verdict for _, verdict in judged if verdict.is_stale and verdict.kind in include]
    if stale and not confirm_stale:
        raise Stale(stale[0]._replace(why=f"{len(stale)} of them would tell old news. {stale[0].why}"))
    what = _words(selection, [each for each, _ in judged])
    run = Run(0, who, reason, what, tuple(include), confirm_stale, tower.now(), total=len(judged), batch=1,
              size=SIZES[0])  # fmt: skip
    return _begun(tower, run, [_frozen(n, *each, include) for n, each in enumerate(judged, 1)])


def _judged(tower: Tower, selection: Selection) -> list[tuple[Delivery, Verdict]]:
    """All that is selected with its verdict, oldest first, so that each order keeps its order."""
    found: list[tuple[Delivery, Verdict]] = []
    with reading(tower.engine) as connection:
        for portion in selected(connection, selection):
            verdicts = judge(connection, tower, portion, selection.holds)
            found += [(each, verdicts[each.id]) for each in portion]
    return sorted(found, key=lambda each: (each[0].ordinal, each[0].id))


def _begun(tower: Tower, run: Run, items: Sequence[Item]) -> int:
    confirmed = " (old news confirmed)" if run.confirmed else ""
    detail = f"{run.what}; {', '.join(run.include)}{confirmed}: {run.reason}"
    with writing(tower.engine) as connection:
        id = resubmission.begin(connection, run, items)
        entry = audit.Entry(run.created_at, run.author, "resubmission.begin", str(id), detail)
        audit.write_down(connection, entry)
    return id


def _frozen(n: int, each: Delivery, verdict: Verdict, include: Sequence[str]) -> Item:
    outcome, why = resubmission.WAITING, ""
    if verdict.kind not in include:
        outcome, why = _left_out(verdict), verdict.why
    return Item(0, n, each.id, each.target, each.state, verdict.kind, outcome, why)


def _left_out(verdict: Verdict) -> str:
    return resubmission.SUPERSEDED if verdict.kind == SUPERSEDED else resubmission.SKIPPED


def _words(selection: Selection, meant: Sequence[Delivery]) -> str:
    """A selection as one reads it in the list of runs and in the audit log."""
    words = f"{len(meant):,} deliver{'y' if len(meant) == 1 else 'ies'}"
    if selection.ids:
        return words
    if selection.group:
        one = meant[0]
        what = TITLES.get(one.error, one.error).lower()
        return f"{words} of {one.route} to {one.target} that failed alike: {what}, {normalised(one.words)}"
    named = (("of", selection.route), ("to", selection.target), ("in", ", ".join(selection.plants)))
    words += "".join(f" {word} {value}" for word, value in named if value)
    return f"{words}, {' or '.join(selection.states)}"


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
        left = _left_out_after_all(run, item, original, verdicts)
        if original is None or left is not None:
            left = left or _GONE
            settled.append(item._replace(outcome=left.outcome, why=left.why))
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
    return _Left(_left_out(verdict), verdict.why)
