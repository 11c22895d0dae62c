"""The keys of service level objectives."""

from typing import Any

from controltower.domain.slo import WHATS, Slo
from controltower.landscape_files import value
from controltower.landscape_files.key import Key
from controltower.landscape_files.value import Wrong, one_of


def share(given: Any) -> float:
    """A share above nothing and below all: an objective of all leaves no error to budget."""
    if not 0 < value.number(given) < 1:
        raise Wrong("must lie between 0 and 1", "Write the share, such as 0.99 for 99 of 100.")
    return float(given)


SLO = (
    Key("name", "text", value.text, "its short name, once in the files", required=True),
    Key("title", "text", value.text, "what people read", required=True),
    Key(
        "what",
        "measurement",
        one_of("measurement", WHATS),
        "`in-latency` (happened to received), `delivery` (to the target's yes), `applied` (until the target shows"
        " it), `expectation` (answers), `freshness` (since last heard) or `flow` (end to end)",
        required=True,
    ),
    Key("system", "system", value.text, "only of this source or target", fallback=""),
    Key("route", "route", value.text, "only of this route", fallback=""),
    Key("expectation", "expectation", value.text, "only of this expectation", fallback=""),
    Key("flow", "flow", value.text, "of which flow", fallback=""),
    Key("plant", "plant", value.text, "only at this plant", fallback=""),
    Key("within", "duration", value.duration, "what is good; an expectation's own time where it is missing"),
    Key("target", "share", share, "how much of it must be good", fallback=Slo.target),
    Key("window", "duration", value.duration, "over which it counts", fallback=Slo.window),
    Key("team", "team", value.text, "who is asked when it burns", fallback=""),
)
