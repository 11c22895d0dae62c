"""A released order implies its material: the scheduler says that a component lacks (catalogue 24)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View
from controltower.rules.about_orders import said
from controltower.rules.check import Check, Figures

_WANTED = frozenset({"released", "ready"})


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ours, against = view.said(view.root, "status", "erp"), view.said(view.root, "constraint", "aps")
    if ours is None or against is None or ours.value.text not in _WANTED or against.value.text != "material":
        return
    item, lacks = view.text(view.root, "short_item", "aps"), view.text(view.root, "short_quantity", "aps")
    of = f": {lacks} of {item} lack" if item else ""
    yield Found(
        view.root,
        against.system,
        f"{view.title(ours)} has released {view.root.key}, for which there is no material{of}.",
        (said(view, ours), said(view, against)),
    )


CHECK = Check(
    rule="released-without-material",
    title="Released without material",
    severity="A",
    reads={"order": frozenset({"status", "constraint", "short_item", "short_quantity"})},
    found=_found,
    grace=datetime.timedelta(minutes=10),
    action="Hold {subject} back, and get the component: expedite the purchase, or count again; else plan it for later.",
)
