"""A status went backwards: what was running, made or closed is not so any more (catalogue 21)."""

from collections.abc import Iterator

from controltower.domain.belief import is_late
from controltower.domain.signal import Signal
from controltower.domain.vocabulary import ORDER_STATUSES
from controltower.rules.sighting import Moment, Sighting

# The systems that own what has happened; a scheduler may well think again.
_ROLES = frozenset({"erp", "mes"})
_LATER = ("running", "completed", "closed")
_LEVEL = {status: n for n, status in enumerate(ORDER_STATUSES)} | {"held": ORDER_STATUSES.index("running")}


def _seen(moment: Moment) -> Iterator[Signal]:
    event = moment.recorded.event
    told, role = event.attributes.get("status"), moment.landscape.roles.get(event.system)
    held = moment.standing.beliefs.get(("status", event.system))
    if told is None or held is None or role not in _ROLES or event.subject.kind not in ("order", "operation"):
        return
    before, now = held.value.text, told.text
    if before not in _LATER or now not in _LEVEL or is_late(held, moment.recorded):
        return
    if _LEVEL[now] < _LEVEL[before]:
        words = f"{event.subject.key} went back from {before} to {now}"
        yield moment.signal(SIGHTING, words, key=str(event.subject))


SIGHTING = Sighting(
    "status-regression",
    "Status went backwards",
    "B",
    "It is taken as it is told. Ask {system} who took the step back, and open or stop the work elsewhere on purpose.",
    _seen,
)
