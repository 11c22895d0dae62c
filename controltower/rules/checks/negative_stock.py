"""Nobody holds less than nothing: a stock below zero was issued before its receipt was booked (catalogue 43)."""

from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.view import View, as_number
from controltower.rules.check import Check, Figures


def _found(view: View, figures: Figures) -> Iterator[Found]:
    for belief in view.beliefs(view.root, "on_hand"):
        number = as_number(belief)
        if number is not None and number < figures["least"]:
            title, key = view.title(belief), view.root.key
            yield Found(
                view.root,
                belief.system,
                f"{title} holds {belief.value.text} {belief.value.unit} of {key}: more was issued than received.",
                ((f"{title} set the stock to {belief.value.text}", belief),),
                key=belief.system,
            )


CHECK = Check(
    rule="negative-stock",
    title="Negative stock",
    severity="A",
    root="stock",
    reads={"stock": frozenset({"on_hand"})},
    found=_found,
    figures={"least": 0.0},
    action="Find the receipt of {subject} that was not booked and post it in {system}; then count the stock.",
)
