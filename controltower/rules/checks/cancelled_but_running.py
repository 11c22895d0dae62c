"""Nobody works on a dead order: cancelled in the ERP, and the MES goes on with it (catalogue 22)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.about_orders import OPEN_IN_PLANT, retold, said
from controltower.rules.check import Check, Figures

_GOES_ON = OPEN_IN_PLANT | {"completed"}


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ours, theirs = view.said(view.root, "status", "erp"), view.said(view.root, "status", "mes")
    if ours is None or theirs is None or ours.value.text != "cancelled" or theirs.value.text not in _GOES_ON:
        return
    yield Found(
        view.root,
        theirs.system,
        f"{view.title(ours)} has cancelled {view.root.key}; {view.title(theirs)} holds it as {theirs.value.text}.",
        (said(view, ours), said(view, theirs)),
        remedy=retold(view, theirs.system),
    )


CHECK = Check(
    rule="cancelled-but-running",
    title="Cancelled order goes on in the plant",
    severity="A",
    reads={"order": frozenset({"status"})},
    found=_found,
    grace=datetime.timedelta(minutes=10),
    action="Stop {subject} in {system}; what was made of it is booked to another order or the order is reactivated.",
)
