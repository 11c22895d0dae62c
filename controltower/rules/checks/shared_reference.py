"""Two orders claim one reference of the customer: one was copied with it (catalogue 18)."""

from collections.abc import Iterator

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.subject import Subject
from controltower.domain.view import View
from controltower.rules.about_orders import said
from controltower.rules.check import Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ours = view.said(view.root, "reference", "erp")
    if ours is None or not _claims(view, view.root):
        return
    for other in view.subjects("order"):
        theirs = view.said(other, "reference", "erp")
        if theirs is not None and other != view.root and _copied(view, ours, other, theirs):
            first, copy = other.key, view.root.key
            yield Found(
                view.root,
                ours.system,
                f"{copy} carries the reference {ours.value.text}, which {first} had before it.",
                ((f"{first} had the reference", theirs), said(view, ours)),
                key=first,
            )


def _copied(view: View, ours: Belief, other: Subject, theirs: Belief) -> bool:
    """Whether the other order had the same reference before; what was split off may share it."""
    split = view.root.key in _parents(view, other) or other.key in _parents(view, view.root)
    same = ours.value.text == theirs.value.text and theirs.position < ours.position
    return same and not split and _claims(view, other)


def _parents(view: View, order: Subject) -> set[str]:
    return {belief.value.text for belief in view.beliefs(order, "parent")}


def _claims(view: View, order: Subject) -> bool:
    return view.text(order, "status", "erp") != "cancelled"


CHECK = Check(
    rule="shared-reference",
    title="Two orders with one reference",
    severity="A",
    reads={"order": frozenset({"reference", "status", "parent"})},
    found=_found,
    action="Ask which of the two the customer means; give {subject} a reference of its own in {system}, or cancel it.",
)
