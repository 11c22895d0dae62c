"""What was received is not what was ordered: the dispatch advice and the count at the door differ (catalogue 75)."""

from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View, as_number
from controltower.rules.check import SETTLED, Check, Figures

_IN = frozenset({"received", "closed"})


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ordered = view.said(view.root, "quantity", "procurement")
    received = view.said(view.root, "quantity_received", "procurement")
    wanted, came = as_number(ordered), as_number(received)
    if ordered is None or received is None or wanted is None or came is None:
        return
    if view.text(view.root, "status", "procurement") not in _IN:
        return
    if abs(wanted - came) > wanted * figures["tolerance"] / 100:
        yield Found(
            view.root,
            received.system,
            f"{received.value.text} {received.value.unit} of {view.root.key} were received, "
            f"{ordered.value.text} were ordered.",
            ((f"received {received.value.text}", received), (f"ordered {ordered.value.text}", ordered)),
        )


CHECK = Check(
    rule="receipt-differs",
    title="Receipt differs from the order",
    severity="B",
    root="purchase",
    reads={"purchase": frozenset({"quantity", "quantity_received", "status"})},
    found=_found,
    grace=SETTLED,
    figures={"tolerance": 1.0},
    action="Count {subject} again; claim what is missing from the supplier and correct the receipt in {system}.",
)
