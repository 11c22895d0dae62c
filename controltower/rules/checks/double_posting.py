"""The ERP's yield is the sum of what the MES counted: more was booked twice (catalogue 37)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View, as_number
from controltower.rules.about_orders import said
from controltower.rules.check import Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    booked, counted = (
        view.said(view.root, "quantity_good", "erp"),
        view.said(view.root, "quantity_good", "mes"),
    )
    posted, made = as_number(booked), as_number(counted)
    if booked is None or counted is None or posted is None or made is None:
        return
    if posted - made > figures["above"]:
        yield Found(
            view.root,
            booked.system,
            f"{view.title(booked)} has booked {booked.value.text} good pieces of {view.root.key}, "
            f"{view.title(counted)} has made {counted.value.text}: a confirmation was booked twice.",
            (said(view, counted), said(view, booked)),
        )


CHECK = Check(
    rule="double-posting",
    title="More booked than made",
    severity="A",
    reads={"order": frozenset({"quantity_good"})},
    found=_found,
    grace=datetime.timedelta(minutes=10),
    # Pieces by which the books may lie above the count.
    figures={"above": 0.0},
    action="Find the confirmation of {subject} that {system} has booked twice, and reverse it there.",
)
