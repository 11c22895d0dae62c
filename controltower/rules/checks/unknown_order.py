"""A follower speaks of an order that the ERP does not know: its number was padded, cut, or sent to the wrong plant
(catalogue 30, 35, 63)."""

import datetime
from collections.abc import Iterator, Sequence

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.event import Position
from controltower.domain.subject import Subject
from controltower.domain.view import View, newest
from controltower.rules.check import Check, Figures

OWNER = "erp"
TWIN_KEY, WRONG_PLANT, TRUNCATED = "twin-key", "wrong-plant", "truncated"
_REASONS = {
    TWIN_KEY: "the same number, written otherwise",
    WRONG_PLANT: "the same number, in another plant",
    TRUNCATED: "its number begins so: it was cut",
}
_TITLES = {
    TWIN_KEY: "One order under two names",
    WRONG_PLANT: "Order sent to the wrong plant",
    TRUNCATED: "Order number cut short",
}
_ACTIONS = {
    TWIN_KEY: "Have {system} write {key} as the ERP does (or normalise it in the mapping), then send it again.",
    WRONG_PLANT: "Stop what {system} does for {key} here, set its plant mapping right, post it where it belongs.",
    TRUNCATED: "Widen the field that cut {key} on its way to {system}, and send it under its whole number.",
}
_START = Position(0, 0)
# Between the orders that a stranger may mean, in the key of what is found.
MARK = "\n"


def _found(view: View, figures: Figures) -> Iterator[Found]:
    if not view.landscape.of_role(view.root.plant, OWNER):
        return
    said = _of_root(view)
    speaker = newest(each for each in said if view.role(each) != OWNER and not _dropped(view, each.system))
    if speaker is None or any(view.role(each) == OWNER for each in said):
        return
    code = min(view.alike.values(), key=_ORDER.index, default="")
    meant = sorted(each for each, why in view.alike.items() if why == code)
    if not meant or not all(_put_right(view, speaker.system, each, code) for each in meant):
        yield _of(view, speaker, meant, code)


_ORDER = (TWIN_KEY, WRONG_PLANT, TRUNCATED)


def _of_root(view: View) -> list[Belief]:
    """What anybody holds of the order itself or of its operations."""
    own = {view.root, *view.subjects("operation")}
    return [each for subject in own for each in view.held.get(subject, {}).values()]


def _dropped(view: View, system: str) -> bool:
    """Whether a system holds the order no more."""
    status = view.held.get(view.root, {}).get(("status", system))
    return status is not None and status.value.text == "cancelled"


def _put_right(view: View, system: str, meant: Subject, code: str) -> bool:
    """Whether the system has spoken of the right order since. One that a cut number may mean it did not know before."""
    heard = view.heard.get((meant, system))
    if heard is None or code == TRUNCATED:
        return heard is not None
    return heard > view.heard.get((view.root, system), _START)


def _of(view: View, speaker: Belief, meant: Sequence[Subject], code: str) -> Found:
    system, key = view.title(speaker), view.root.key
    why = f"{system} speaks of order {key} in {view.root.plant}, which the ERP does not know"
    known = " or ".join(f"{each.key} in {each.plant}" for each in meant[:3])
    why += f"; it knows {known}: {_REASONS[code]}." if meant else "."
    return Found(
        view.root,
        speaker.system,
        why,
        ((f"{system} said so", speaker),),
        key=MARK.join(map(str, meant)),
        code=code or CHECK.rule,
        title=f"{_TITLES[code]}: {key}" if code else "",
        action=_ACTIONS[code].format(system=system, key=key) if code else "",
    )


CHECK = Check(
    rule="unknown-order",
    title="Order unknown to the ERP",
    severity="A",
    reads={
        "order": frozenset({"status", "item", "quantity", "material_available", "due_date", "quantity_good"}),
        "operation": frozenset({"status", "resource"}),
    },
    found=_found,
    grace=datetime.timedelta(minutes=30),
    action="Ask the team of {system} where {subject} comes from; nothing must be produced without an order in the ERP.",
)
