"""A supplier has promised, but later than the goods are needed: nobody is told by an accepted order (catalogue 74)."""

import datetime
from collections.abc import Iterator

from controltower.domain.condition import Found
from controltower.domain.value import shown
from controltower.domain.view import View, as_time
from controltower.domain.vocabulary import TIME
from controltower.rules.check import Check, Figures

_OVER = frozenset({"received", "closed", "cancelled"})


def _found(view: View, figures: Figures) -> Iterator[Found]:
    needed = view.said(view.root, "need_date", "procurement")
    promised = view.said(view.root, "promised_date", "procurement")
    wanted, coming = as_time(needed), as_time(promised)
    if needed is None or promised is None or wanted is None or coming is None:
        return
    if view.text(view.root, "status", "procurement") in _OVER:
        return
    late = coming - wanted
    if late > figures["tolerance"].total_seconds():
        zone = view.landscape.zone_of(view.root.plant)
        day, other = shown(promised.value, TIME, zone), shown(needed.value, TIME, zone)
        yield Found(
            view.root,
            promised.system,
            f"The supplier of {view.root.key} promises {day}, {late / 3600:.0f} h after it is needed ({other}).",
            ((f"promised for {day}", promised), (f"needed by {other}", needed)),
        )


CHECK = Check(
    rule="promise-later",
    title="Promised later than needed",
    severity="B",
    root="purchase",
    reads={"purchase": frozenset({"promised_date", "need_date", "status"})},
    found=_found,
    figures={"tolerance": datetime.timedelta(minutes=5)},
    action="Tell the planner that {subject} comes late: expedite it, buy elsewhere, or move the orders that need it.",
)
