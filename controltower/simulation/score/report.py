"""The marks as a table for people, as a page, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import quantiles
from typing import Any

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


def table(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """One row of words for each fault."""
    return [_row(name, row) for name, row in told["faults"].items()]


def _row(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    p50, p95 = row["detect_seconds"]["p50"], row["detect_seconds"]["p95"]
    mended = f"{row['mended']}/{row['mendable']}" if row["mendable"] else f"by owner, {row['cleared']} seen"
    spans = "–" if p50 is None else f"{p50:.2f} / {p95:.2f} s"
    counts = (row[column] for column in ("injected", "found", "false", "cause_right", "action_right"))
    return name, *map(str, counts), mended, spans


def page(told: Mapping[str, Any]) -> str:
    """The same as a table in Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(row)} |" for row in table(told)]
    return "\n".join(lines)
