"""What checks of orders say alike: whose turn it is, and what a system's word was."""

from controltower.domain.belief import Belief
from controltower.domain.remedy import HANDED_OVER, Remedy
from controltower.domain.view import View
from controltower.domain.vocabulary import attribute_title
from controltower.rules.cure import resync

ENDED = frozenset({"closed", "cancelled"})
OPEN_IN_PLANT = frozenset({"released", "ready", "running", "held"})
Evidence = tuple[str, Belief]


def said(view: View, belief: Belief) -> Evidence:
    """The words that show what a system holds, with the belief behind them."""
    shown = belief.value.text
    return f"{view.title(belief)} set the {attribute_title(belief.attribute)} to {shown}", belief


def retold(view: View, system: str, also: str = "") -> Remedy:
    """A system is told of the view's order again, where a way leads there; `also` its kin of a kind."""
    remedy = resync(view.landscape, view.root, system)
    if remedy == HANDED_OVER or not also:
        return remedy
    return Remedy(remedy.verb, {**remedy.arguments, "also": also})
