"""Nobody works when the plant is shut: the plan says otherwise (catalogue 82)."""

import datetime
from collections.abc import Iterator

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.landscape import OF_PLANT
from controltower.domain.value import read_time
from controltower.domain.view import View
from controltower.rules.about_orders import ENDED
from controltower.rules.check import Check, Figures

_OVER = ENDED | {"completed"}
Planned = tuple[datetime.datetime, Belief]


def _found(view: View, figures: Figures) -> Iterator[Found]:
    calendar = view.landscape.calendar(OF_PLANT, view.root.plant)
    if calendar.always_open or view.text(view.root, "status", "erp") in _OVER:
        return
    shut = [(at, belief) for at, belief in _planned(view, figures["slack"]) if not calendar.is_open(at)]
    if not shut:
        return
    at, first = shut[0]
    local = at.astimezone(view.landscape.zone_of(view.root.plant))
    yield Found(
        view.root,
        first.system,
        f"{view.title(first)} plans {view.root.key} for {local:%Y-%m-%d %H:%M}, when {view.root.plant} is shut.",
        tuple(("planned for closed time", belief) for _, belief in shut[:3]),
    )


def _planned(view: View, slack: datetime.timedelta) -> Iterator[Planned]:
    """When each operation that is still to be done begins and ends, by the scheduler, drawn together by some slack."""
    for operation in view.subjects("operation"):
        if view.text(operation, "status", "mes") in _OVER:
            continue
        for attribute, inwards in (("planned_start", slack), ("planned_end", -slack)):
            belief = view.said(operation, attribute, "aps")
            if belief is not None:
                yield read_time(belief.value.text) + inwards, belief


CHECK = Check(
    rule="planned-in-closed-time",
    title="Planned into closed time",
    severity="B",
    reads={
        "operation": frozenset({"planned_start", "planned_end", "status"}),
        "order": frozenset({"status"}),
    },
    found=_found,
    grace=datetime.timedelta(minutes=5),
    # By so much a plan may reach into closed time.
    figures={"slack": datetime.timedelta(minutes=5)},
    action="Bring the calendar of {system} in line with the plant's, and plan {subject} again.",
)
