"""A plan is in force as a whole or not at all: some operations follow the new one, others the old (catalogue 26)."""

import datetime
from collections.abc import Iterator
from typing import NamedTuple

from controltower.domain.belief import Belief
from controltower.domain.condition import Found
from controltower.domain.subject import Subject
from controltower.domain.view import View, as_time
from controltower.rules.about_orders import retold, said
from controltower.rules.check import Check, Figures

_OVER = frozenset({"completed", "closed", "cancelled"})


class _Planned(NamedTuple):
    operation: Subject
    planned: Belief
    held: Belief | None


def _found(view: View, figures: Figures) -> Iterator[Found]:
    known = list(_planned(view))
    behind = [each for each in known if _is_behind(view, each, figures)]
    held = [each.held for each in known if each.held is not None]
    if not behind or len(behind) == len(known) or not held:
        return
    mes, old = held[0], ", ".join(each.operation.key.rpartition("/")[2] for each in behind)
    evidence = [said(view, belief) for each in behind[:2] for belief in (each.planned, each.held) if belief]
    yield Found(
        view.root,
        mes.system,
        f"{view.title(mes)} follows the newest plan of {view.root.key}, but not for operation {old}: two are in force.",
        tuple(evidence),
        remedy=retold(view, mes.system, also="operation"),
    )


def _planned(view: View) -> Iterator[_Planned]:
    for operation in view.subjects("operation"):
        planned = view.said(operation, "planned_start", "aps")
        if planned is not None:
            yield _Planned(operation, planned, view.said(operation, "planned_start", "mes"))


def _is_behind(view: View, each: _Planned, figures: Figures) -> bool:
    """Whether the MES holds an older start of an operation that is still to be done, or none."""
    if each.held is None:
        return True
    if view.text(each.operation, "status", "mes") in _OVER or each.held.since > each.planned.since:
        return False
    ours, theirs = as_time(each.planned), as_time(each.held)
    return (
        ours is not None and theirs is not None and abs(ours - theirs) > figures["tolerance"].total_seconds()
    )


CHECK = Check(
    rule="partial-publish",
    title="Two plan versions in force",
    severity="A",
    reads={"operation": frozenset({"planned_start", "status"})},
    found=_found,
    grace=datetime.timedelta(minutes=12),
    figures={"tolerance": datetime.timedelta(minutes=1)},
    action="Send {system} the whole plan of {subject} again.",
)
