"""What one operation hands over the next one must account for, as good or as scrap (catalogue 42)."""

import itertools
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.subject import Subject
from controltower.domain.view import View
from controltower.rules.check import SETTLED, Check, Figures

_DONE = frozenset({"completed", "closed"})


def _found(view: View, figures: Figures) -> Iterator[Found]:
    for before, after in itertools.pairwise(_in_turn(view)):
        if view.text(before, "status", "mes") not in _DONE or view.text(after, "status", "mes") not in _DONE:
            continue
        handed, good = view.number(before, "quantity_good", "mes"), view.number(after, "quantity_good", "mes")
        if handed is None or good is None or _replanned(view, before):
            continue
        lost = handed - good - (view.number(after, "quantity_scrap", "mes") or 0.0)
        if lost > handed * figures["tolerance"] / 100:
            yield _lost(view, before, after, lost)


def _in_turn(view: View) -> list[Subject]:
    """The operations of an order by their numbers, as far as they have some."""
    numbered = [each for each in view.subjects("operation") if each.key.rpartition("/")[2].isdecimal()]
    return sorted(numbered, key=lambda each: int(each.key.rpartition("/")[2]))


def _replanned(view: View, before: Subject) -> bool:
    """Whether the order's quantity was changed after an operation had counted by the old one."""
    counted = view.said(before, "quantity_good", "mes")
    return counted is not None and any(
        each.since >= counted.since or each.learnt_at >= counted.learnt_at
        for each in view.beliefs(view.root, "quantity")
    )


def _lost(view: View, before: Subject, after: Subject, lost: float) -> Found:
    handed, good = view.said(before, "quantity_good", "mes"), view.said(after, "quantity_good", "mes")
    first, second = (each.key.rpartition("/")[2] for each in (before, after))
    evidence = tuple(
        (f"operation {number} counted {each.value.text} good", each)
        for number, each in ((first, handed), (second, good))
        if each
    )
    why = f"Operation {first} of {view.root.key} handed over {lost:g} more than operation {second} accounts for."
    return Found(after, good.system if good else "", why, evidence, key=after.key)


CHECK = Check(
    rule="unreported-scrap",
    title="Scrap or rework not reported",
    severity="B",
    reads={
        "operation": frozenset({"quantity_good", "quantity_scrap", "status"}),
        "order": frozenset({"quantity"}),
    },
    found=_found,
    grace=SETTLED,
    figures={"tolerance": 1.0},
    action="Ask the line for the pieces that {subject} lacks, and report them as scrap or rework in {system}.",
)
