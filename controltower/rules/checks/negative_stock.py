"""Nobody holds less than nothing: a stock below zero was issued before its receipt was booked (catalogue 43),
or taken from another place than the one it was booked from (45)."""

from collections.abc import Iterator

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.view import View, as_number
from controltower.rules.check import Check, Figures

WRONG_LOCATION = "wrong-location"


def _found(view: View, figures: Figures) -> Iterator[Found]:
    for belief in view.beliefs(view.root, "on_hand"):
        number = as_number(belief)
        if number is not None and number < figures["least"]:
            yield _elsewhere(view, belief, -number) or _issued(view, belief)


def _issued(view: View, belief: Belief) -> Found:
    title = view.title(belief)
    words = f"{title} holds {belief.value.text} {belief.value.unit} of {view.root.key}"
    evidence = ((f"{title} set the stock to {belief.value.text}", belief),)
    return Found(
        view.root, belief.system, f"{words}: more was issued than received.", evidence, key=belief.system
    )


def _elsewhere(view: View, belief: Belief, missing: float) -> Found | None:
    """The item lies at another place, in plenty: it was taken from there and booked here (catalogue 45)."""
    for subject in view.subjects("stock"):
        other = view.held[subject].get(("on_hand", belief.system))
        if subject == view.root or (as_number(other) or 0.0) < missing:
            continue
        place = subject.key.partition("/")[2]
        found = _issued(view, belief)
        return found._replace(
            code=WRONG_LOCATION,
            title=f"Booked from the wrong place: stock {view.root.key}",
            why=f"{found.why.partition(':')[0]}, while {other.value.text if other else 0} lie at {place}: "
            "it was booked from the wrong place.",
            action=f"Post the transfer between {place} and this place in {view.title(belief)}; have the lots reviewed.",
        )
    return None


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
