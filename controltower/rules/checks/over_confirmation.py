"""More was made than ordered: a count that runs away, or one that was posted twice (catalogue 41)."""

from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View, as_number
from controltower.rules.check import SETTLED, Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    ordered = view.said(view.root, "quantity", "erp")
    made = view.said(view.root, "quantity_good", "mes")
    wanted, good = as_number(ordered), as_number(made)
    if not (ordered and made and wanted and good) or ordered.value.unit != made.value.unit:
        return
    if good > wanted * (1 + figures["tolerance"] / 100):
        title = view.title(made)
        yield Found(
            view.root,
            made.system,
            f"{title} reports {made.value.text} {made.value.unit} good of order {view.root.key}, "
            f"but only {ordered.value.text} were ordered.",
            (
                (f"{title} counted {made.value.text}", made),
                (f"{view.title(ordered)} ordered {ordered.value.text}", ordered),
            ),
        )


CHECK = Check(
    rule="over-confirmation",
    title="More made than ordered",
    severity="B",
    reads={"order": frozenset({"quantity", "quantity_good"})},
    found=_found,
    grace=SETTLED,
    figures={"tolerance": 10.0},
    action="Have the count of {subject} verified at {system}: correct it, or raise the order's quantity.",
)
