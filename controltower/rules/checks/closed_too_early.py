"""An order is closed when its last operation is: else its confirmations are refused (catalogue 23)."""

import datetime
from collections.abc import Iterator

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.about_orders import OPEN_IN_PLANT, said
from controltower.rules.check import Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ours = view.said(view.root, "status", "erp")
    if ours is None or ours.value.text != "closed":
        return
    still = list(_open(view))
    if still:
        plant = view.title(still[0])
        yield Found(
            view.root,
            ours.system,
            f"{view.title(ours)} has closed {view.root.key}; {plant} still works on it: what it confirms is refused.",
            (said(view, ours), *(said(view, each) for each in still[:3])),
        )


def _open(view: View) -> Iterator[Belief]:
    """What the MES holds open: the order, and operations that have begun."""
    order = view.said(view.root, "status", "mes")
    if order is not None and order.value.text in OPEN_IN_PLANT:
        yield order
    for operation in view.subjects("operation"):
        status = view.said(operation, "status", "mes")
        if status is not None and status.value.text in ("running", "held"):
            yield status


CHECK = Check(
    rule="closed-too-early",
    title="Closed while operations are open",
    severity="A",
    reads={"order": frozenset({"status"}), "operation": frozenset({"status"})},
    found=_found,
    grace=datetime.timedelta(minutes=10),
    action="Take the completion of {subject} back in {system}, post what the plant has made, then close it again.",
)
