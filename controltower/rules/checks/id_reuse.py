"""One number, two things: the ERP means another item by an order than somebody else does (catalogue 17)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.about_orders import ENDED, said
from controltower.rules.check import Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ours = view.said(view.root, "item", "erp")
    if ours is None or view.text(view.root, "status", "erp") in ENDED:
        return
    for theirs in view.beliefs(view.root, "item"):
        if theirs.system == ours.system or theirs.value.text == ours.value.text:
            continue
        over = view.text(view.root, "status", view.role(theirs)) in ENDED
        names = view.title(ours), view.title(theirs)
        meant = f"{names[0]} means {ours.value.text} by {view.root.key}, {names[1]} {theirs.value.text}"
        why = f"{meant}, an order that is over there: the number was used again." if over else f"{meant}."
        yield Found(
            view.root,
            ours.system,
            why,
            (said(view, theirs), said(view, ours)),
            key=theirs.system,
            code="id-reuse" if over else "item-differs",
        )


CHECK = Check(
    rule="id-reuse",
    title="One number for two orders",
    severity="A",
    reads={"order": frozenset({"item", "status"})},
    found=_found,
    grace=datetime.timedelta(minutes=10),
    action="Give the new order a number of its own in {system}, and put the old {subject} back; then see what merged.",
)
