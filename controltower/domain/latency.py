"""How long things take: the kinds of latency that are measured, and one measurement."""

from typing import NamedTuple

# From when it happened at the source to when the tower received it; by system.
IN = "in"
# By how much a stamp lay ahead of its own arrival: the source's clock, not a latency; by system.
AHEAD = "ahead"
# From received to recorded, in real seconds; by system.
PROCESSING = "processing"
# One poll of a source, in real seconds; by system.
POLL = "poll"
# One call of a target, in real seconds; by route and target.
ATTEMPT = "attempt"
# From the birth of a delivery to the target's yes; by route and target. Dead ones never ended.
DELIVERY = "delivery"
# From the target's yes to when the target itself shows it; by route and target.
APPLIED = "applied"
# From a trigger to its answer; by rule and system. Missed ones never ended.
EXPECTATION = "expectation"
# How long a source had not been heard, looked at each minute; by system.
FRESHNESS = "freshness"
# From the beginning of a flow to its completion; by flow.
FLOW = "flow"

KINDS = (IN, AHEAD, PROCESSING, POLL, ATTEMPT, DELIVERY, APPLIED, EXPECTATION, FRESHNESS, FLOW)
TITLES = {
    IN: "From the source to the tower",
    AHEAD: "Clock ahead",
    PROCESSING: "Handled by the tower",
    POLL: "Reading a source",
    ATTEMPT: "Calling a target",
    DELIVERY: "Told to the target",
    APPLIED: "Shown by the target",
    EXPECTATION: "Answers that are expected",
    FRESHNESS: "Since last heard",
    FLOW: "Flows from end to end",
}
# Whose seconds are the tower's own, not those of its clock.
REAL = frozenset({PROCESSING, POLL, ATTEMPT})


class Took(NamedTuple):
    """One measurement. `name`: the system, route, rule or flow; `seconds`: None for what never came to its end."""

    kind: str
    name: str
    target: str
    plant: str
    seconds: float | None
