"""What was split off an order must be taken off it, else it is due twice (catalogue 19)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.subject import Subject
from controltower.domain.view import View
from controltower.rules.about_orders import said
from controltower.rules.check import Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    whole = view.said(view.root, "quantity", "erp")
    if whole is None or view.text(view.root, "status", "erp") == "cancelled":
        return
    for child in _children(view):
        link, part = view.said(child, "parent", "erp"), view.said(child, "quantity", "erp")
        if link is None or part is None or whole.since >= link.since - figures["within"]:
            continue
        yield Found(
            view.root,
            whole.system,
            f"{child.key} ({part.value.text}) was split off {view.root.key}, which still has all of its "
            f"{whole.value.text} {whole.value.unit}: the part is due twice.",
            (said(view, whole), (f"{child.key} was split off", link)),
            key=child.key,
        )


def _children(view: View) -> Iterator[Subject]:
    for order in view.subjects("order"):
        if (
            view.text(order, "parent", "erp") == view.root.key
            and view.text(order, "status", "erp") != "cancelled"
        ):
            yield order


CHECK = Check(
    rule="split-counted-twice",
    title="Split order counted twice",
    severity="B",
    reads={"order": frozenset({"parent", "quantity", "status"})},
    found=_found,
    grace=datetime.timedelta(minutes=10),
    # The order's quantity may have been lowered so long before the part appears.
    figures={"within": datetime.timedelta(minutes=5)},
    action="Take the split part off {subject} in {system}, or cancel the part.",
)
