"""An order that the ERP has opened again and the MES has put away (catalogue 21)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.about_orders import OPEN_IN_PLANT, retold, said
from controltower.rules.check import Check, Figures

_OPEN = OPEN_IN_PLANT | {"completed"}


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ours, theirs = view.said(view.root, "status", "erp"), view.said(view.root, "status", "mes")
    if ours is None or theirs is None or ours.value.text not in _OPEN or theirs.value.text != "closed":
        return
    items = {view.text(view.root, "item", role) for role in ("erp", "mes")} - {""}
    if ours.since <= theirs.since or len(items) > 1:  # another item is another order under the same number
        return
    yield Found(
        view.root,
        theirs.system,
        f"{view.title(ours)} has {view.root.key} {ours.value.text} again; {view.title(theirs)} holds it as closed.",
        (said(view, theirs), said(view, ours)),
        remedy=retold(view, theirs.system),
    )


CHECK = Check(
    rule="reopened",
    title="Closed order open again",
    severity="A",
    reads={"order": frozenset({"status", "item"})},
    found=_found,
    grace=datetime.timedelta(minutes=5),
    action="Ask the planner whether {subject} is meant to go on: then open it in {system} too, else close it again.",
)
