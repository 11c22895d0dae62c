"""The marks as a table for people, as a page, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import quantiles
from typing import Any

from controltower.simulation.score import catalogue
from controltower.simulation.score.explained import WHY
from controltower.simulation.score.marking import Mark

COLUMNS = (
    "fault",
    "injected",
    "found",
    "false",
    "cause right",
    "action right",
    "mended",
    "detected p50 / p95",
)


def totals(marks: Iterable[Mark], quiet: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`{"faults": {name: {...}}, "quiet": {...}}`, as the command's --json writes it."""
    by_fault: dict[str, list[Mark]] = {}
    for mark in marks:
        by_fault.setdefault(mark.fault, []).append(mark)
    found: dict[str, Any] = {"faults": {name: _total(by_fault[name]) for name in sorted(by_fault)}}
    if quiet is not None:
        found["quiet"] = dict(quiet)
    return found


def _total(marks: Sequence[Mark]) -> dict[str, Any]:
    struck = [mark for mark in marks if mark.injected]
    seconds = [mark.detect_seconds for mark in struck if mark.detect_seconds is not None]
    return {
        "injected": len(struck),
        "found": sum(mark.found for mark in struck),
        "false": sum(mark.false for mark in marks),
        "cause_right": sum(mark.cause_right for mark in struck),
        "action_right": sum(mark.action_right for mark in struck),
        "mendable": sum(mark.mendable for mark in struck),
        "mended": sum(mark.mended for mark in struck if mark.mendable),
        "cleared": sum(mark.mended for mark in struck),
        "detect_seconds": {"p50": _quantile(seconds, 50), "p95": _quantile(seconds, 95)},
        "notes": [note for mark in marks for note in mark.notes],
    }


def _quantile(seconds: Sequence[float], percent: int) -> float | None:
    if not seconds:
        return None
    if len(seconds) == 1:
        return round(seconds[0], 3)
    return round(quantiles(seconds, n=100, method="inclusive")[percent - 1], 3)


def overall(told: Mapping[str, Any]) -> dict[str, float]:
    """Recall, precision and the shares of right causes, right actions and mended ones over all faults."""
    rows = list(told["faults"].values())
    injected, found = _sum(rows, "injected"), _sum(rows, "found")
    return {
        "recall": _share(found, injected),
        "precision": _share(found, found + _sum(rows, "false")),
        "cause_right": _share(_sum(rows, "cause_right"), injected),
        "action_right": _share(_sum(rows, "action_right"), injected),
        "mended": _share(_sum(rows, "mended"), _sum(rows, "mendable")),
    }


def _sum(rows: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def is_perfect(told: Mapping[str, Any]) -> bool:
    """Whether everything was found and nothing said in vain."""
    shares = overall(told)
    silent = told.get("quiet", {}).get("false_alarms", 0) == 0
    return shares["recall"] == 1.0 and shares["precision"] == 1.0 and silent


def table(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row of words for each fault."""
    return [_row(name, row) for name, row in told["faults"].items()]


def _row(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    p50, p95 = row["detect_seconds"]["p50"], row["detect_seconds"]["p95"]
    mended = f"{row['mended']}/{row['mendable']}" if row["mendable"] else f"by owner, {row['cleared']} seen"
    spans = "–" if p50 is None else f"{p50:.2f} / {p95:.2f} s"
    counts = (row[column] for column in ("injected", "found", "false", "cause_right", "action_right"))
    return name, *map(str, counts), mended, spans


def marks_table(told: Mapping[str, Any]) -> str:
    """The same as a table in Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(row)} |" for row in table(told)]
    return "\n".join(lines)


def page(seeds: Mapping[int, Mapping[str, Any]]) -> str:
    """The whole page: how it is measured, what was earned with each seed, each miss, and the catalogue."""
    parts = [_HEAD, _overall_table(seeds)]
    for seed, told in seeds.items():
        parts += [f"## Seed {seed}", _quiet_words(told), marks_table(told), _misses(told)]
    return "\n\n".join([*filter(None, parts), "## The catalogue", catalogue.page()])


_HEAD = """\
# Faults: what the tower finds

`make score` breaks a simulated network on purpose, one fault after the other, each in a network of its own that has
lived healthily for a while. It asks the tower through its API alone, does what the tower suggests, and marks the
answers by a truth that only the breaking side knows. Times are the plants' own: from the moment at which the fault
could first be known (its message was taken, or its deadline passed) to the step at which the tower said so, with
the seconds of work that this took. A network is moved on a minute at a time; `python -m benchmarks.detection`
measures a running tower by the clock. What takes several repeats to be told from chance (`retry-amplification`,
`secret-rotated`) is named after minutes.

*found*: an exception about what was broken, or the system at which it shows. *cause right* and *action right*: it
names the cause and offers the action that the truth calls right. *mended*: after that action everything about it
resolved by itself, and the systems are whole again; what only its owner can mend is counted by whether the tower
saw it mended. *false*: exceptions about anything else."""


def _overall_table(seeds: Mapping[int, Mapping[str, Any]]) -> str:
    names = ("recall", "precision", "cause_right", "action_right", "mended")
    lines = [
        f"| seed | {' | '.join(name.replace('_', ' ') for name in names)} |",
        f"|{' --- |' * (len(names) + 1)}",
    ]
    for seed, told in seeds.items():
        shares = overall(told)
        lines.append(f"| {seed} | {' | '.join(f'{shares[name]:.3f}' for name in names)} |")
    return "\n".join(lines)


def _quiet_words(told: Mapping[str, Any]) -> str:
    quiet = told.get("quiet")
    if not quiet:
        return ""
    words = f"Quiet run: {quiet['orders']} orders in {quiet['hours']:g} hours, {quiet['false_alarms']} false alarms."
    return "\n".join([words, *(f"- {said}" for said in quiet.get("said", ()))])


def _misses(told: Mapping[str, Any]) -> str:
    noted = {name: row["notes"] for name, row in told["faults"].items() if row["notes"]}
    lines = [f"- `{name}`: {note}{_why(name)}" for name, notes in noted.items() for note in notes]
    return "\n".join(["What was missed:", "", *lines]) if lines else ""


def _why(name: str) -> str:
    return f" ({WHY[name]})" if name in WHY else ""
