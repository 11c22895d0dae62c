"""A follower speaks of an order that the ERP does not know: its number was padded, cut, or sent to the wrong plant
(catalogue 30, 35, 63)."""

import datetime
from collections.abc import Iterator

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


def _found(view: View, figures: Figures) -> Iterator[Found]:
    if not view.landscape.of_role(view.root.plant, OWNER):
        return
    said = [each for beliefs in view.held.values() for each in beliefs.values()]
    mine = [each for each in _of_root(view) if view.role(each) != OWNER]
    if len(_of_root(view)) != len(mine) or not mine or not said:
        return
    speaker = newest(mine)
    if speaker is None:
        return
    if any(_put_right(view, speaker.system, each) for each in view.alike):
        return
    meant = min(view.alike, key=lambda each: _doubt(view, speaker.system, each), default=None)
    yield _of(view, speaker, meant, view.alike[meant] if meant else "")


_ORDER = (TWIN_KEY, WRONG_PLANT, TRUNCATED)


def _of_root(view: View) -> list[Belief]:
    """What anybody holds of the order itself or of its operations."""
    own = {view.root, *(each for each in view.subjects("operation"))}
    return [each for subject in own for each in view.held.get(subject, {}).values()]


def _doubt(view: View, system: str, meant: Subject) -> tuple[int, bool, float]:
    """How unlikely it is that an order is meant: one of which the system has spoken, or an old one, is so the less."""
    owned = [at for (subject, who), at in view.heard.items() if subject == meant and _is_owner(view, who)]
    spoken = (meant, system) in view.heard
    return _ORDER.index(view.alike[meant]), spoken, -max((at.message for at in owned), default=0)


def _is_owner(view: View, system: str) -> bool:
    return view.landscape.roles.get(system) == OWNER


def _put_right(view: View, system: str, meant: Subject) -> bool:
    """Whether the system has spoken of the right order since."""
    since = view.heard.get((view.root, system), _START)
    return view.heard.get((meant, system), _START) > since


def _of(view: View, speaker: Belief, meant: Subject | None, code: str) -> Found:
    system, key = view.title(speaker), view.root.key
    why = f"{system} speaks of order {key} in {view.root.plant}, which the ERP does not know"
    why += f"; it knows {meant.key} in {meant.plant}: {_REASONS[code]}." if meant else "."
    return Found(
        view.root,
        speaker.system,
        why,
        ((f"{system} said so", speaker),),
        key=str(meant or ""),
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
