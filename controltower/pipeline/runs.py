"""Resubmissions of many: the set is frozen at the click; people pause a run, let it go on, or cancel it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from controltower.domain.batch import SIZES
from controltower.domain.delivery import Delivery
from controltower.domain.failure import TITLES, normalised
from controltower.domain.rehearsal import SAFE, VERDICTS, Selection, Verdict
from controltower.pipeline.advance import advance_runs, left_out
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.rehearse import judge, selected
from controltower.pipeline.resubmit import Stale, reason_of
from controltower.pipeline.tower import Tower
from controltower.store import audit, resubmission
from controltower.store.engine import reading, writing
from controltower.store.resubmission import CANCELLED, PAUSED, RUNNING, Item, Run

__all__ = ["advance_runs", "begin", "cancel_run", "go_on", "pause_run"]


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
    meant = _meant(tower, selection, include)
    if not any(each.outcome == resubmission.WAITING for each in meant.items):
        raise NotPossible("There is nothing to send.")
    if meant.stale and not confirm_stale:
        why = f"{len(meant.stale)} of them would tell old news. {meant.stale[0].why}"
        raise Stale(meant.stale[0]._replace(why=why))
    run = Run(0, who, reason, _words(selection, len(meant.items), meant.first), tuple(include), confirm_stale,
              tower.now(), total=len(meant.items), batch=1, size=SIZES[0])  # fmt: skip
    return _begun(tower, run, meant.items)


class _Meant(NamedTuple):
    """What a selection means at the click: all of it as items in order, one of it, and what is included old news."""

    items: list[Item]
    first: Delivery | None
    stale: list[Verdict]


def _meant(tower: Tower, selection: Selection, include: Sequence[str]) -> _Meant:
    first: Delivery | None = None
    found: list[tuple[int, int, Item]] = []
    stale: list[Verdict] = []
    with reading(tower.engine) as connection:
        for portion in selected(connection, selection):
            verdicts = judge(connection, tower, portion, selection.holds)
            first = first or portion[0]
            found += [(each.ordinal, each.id, _frozen(each, verdicts[each.id], include)) for each in portion]
            stale += [each for each in verdicts.values() if each.is_stale and each.kind in include]
    # Oldest first, so that each order keeps its order.
    in_order = [item for *_, item in sorted(found, key=lambda each: each[:2])]
    return _Meant([item._replace(n=n) for n, item in enumerate(in_order, 1)], first, stale)


def _begun(tower: Tower, run: Run, items: Sequence[Item]) -> int:
    confirmed = " (old news confirmed)" if run.confirmed else ""
    detail = f"{run.what}; {', '.join(run.include)}{confirmed}: {run.reason}"
    with writing(tower.engine) as connection:
        id = resubmission.begin(connection, run, items)
        entry = audit.Entry(run.created_at, run.author, "resubmission.begin", str(id), detail)
        audit.write_down(connection, entry)
    return id


def _frozen(each: Delivery, verdict: Verdict, include: Sequence[str]) -> Item:
    outcome, why = resubmission.WAITING, ""
    if verdict.kind not in include:
        outcome, why = left_out(verdict), verdict.why
    return Item(0, 0, each.id, each.target, each.state, verdict.kind, outcome, why)


def _words(selection: Selection, number: int, one: Delivery | None) -> str:
    """A selection as one reads it in the list of runs and in the audit log."""
    words = f"{number:,} deliver{'y' if number == 1 else 'ies'}"
    if selection.ids:
        return words
    if selection.group and one is not None:
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
