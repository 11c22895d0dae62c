"""A plan was moved although its order was about to begin, and nothing in the order asked for it (catalogue 27)."""

import datetime
from collections.abc import Iterator

from controltower.domain.belief import Belief, is_late
from controltower.domain.signal import Signal
from controltower.domain.value import read_time
from controltower.rules.sighting import Moment, Sighting

# What makes a scheduler plan again, as it and the owner of the order tell it.
_REASONS = ("quantity", "due_date")


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    told, held = event.attributes.get("planned_start"), _held(moment, "planned_start")
    if told is None or held is None or event.subject.kind != "order" or _role(moment, event.system) != "aps":
        return
    if is_late(held, moment.recorded) or _has_reason(moment, held):
        return
    start, moved = read_time(held.value.text), read_time(told.text) - read_time(held.value.text)
    if abs(moved) > moment.figure(SIGHTING, "tolerance") and start - event.occurred_at < moment.figure(
        SIGHTING, "fence"
    ):
        left = (start - event.occurred_at).total_seconds() / 60
        when = f"{left:.0f} min before its start" if left > 0 else "after its planned start"
        words = f"{event.subject.key} was moved by {moved.total_seconds() / 60:.0f} min, {when}"
        yield moment.signal(SIGHTING, words, moved.total_seconds(), key=str(event.subject))


def _held(moment: Moment, attribute: str) -> Belief | None:
    return moment.standing.beliefs.get((attribute, moment.recorded.event.system))


def _role(moment: Moment, system: str) -> str:
    return moment.landscape.roles.get(system, "")


def _has_reason(moment: Moment, plan: Belief) -> bool:
    """Whether the order has changed since the plan was made, or changes with it."""
    since = plan.since - moment.figure(SIGHTING, "slack")
    for attribute in _REASONS:
        told, held = moment.recorded.event.attributes.get(attribute), _held(moment, attribute)
        if told and held and told[:2] != held.value[:2]:
            return True
        owned = (
            belief for (name, system), belief in moment.standing.beliefs.items()
            if name == attribute and _role(moment, system) == "erp"
        )  # fmt: skip
        if any(belief.since > since for belief in owned):
            return True
    return False


SIGHTING = Sighting(
    "frozen-zone-change",
    "Plan changed inside the frozen zone",
    "B",
    "Ask the planner who moved it in {system}: approve it and tell the line, or put it back.",
    _seen,
    figures={
        "fence": datetime.timedelta(minutes=30),
        "tolerance": datetime.timedelta(minutes=1),
        "slack": datetime.timedelta(minutes=1),
    },
)
