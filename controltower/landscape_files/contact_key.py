"""The keys by which a system is compared and asked how it is."""

import datetime

from controltower.domain.landscape import Probing, Reconciling
from controltower.landscape_files import value
from controltower.landscape_files.key import KIND, Key
from controltower.landscape_files.window import time_of_day


def duration(name: str, meaning: str, fallback: datetime.timedelta) -> Key:
    return Key(name, "duration", value.duration, meaning, fallback=fallback)


RECONCILE = (
    Key("at", "time of day", time_of_day, "each day at this time of its own zone, such as `02:00`"),
    Key("every", "duration", value.duration, "so often; with `at` as well, whichever comes first"),
    duration("window", "what has not changed for so long is passed over", Reconciling.window),
    Key(
        "lag",
        "duration",
        value.duration_or_none,
        "what is younger is on its way: it is looked at a second time before it counts",
        fallback=Reconciling.lag,
    ),
    Key(
        "rest",
        "duration",
        value.duration_or_none,
        "real time between two pages, so that the system has breath for others",
        fallback=datetime.timedelta(seconds=Reconciling.rest),
    ),
    Key(
        "kinds", "list of subject kinds", value.each(KIND), "only these; all where none is named", fallback=()
    ),
)
PROBE = (
    duration("every", "how often it is asked", Probing.every),
    Key(
        "environment",
        "text",
        value.text,
        "the environment that it must name, such as production",
        fallback="",
    ),
    Key("instance", "text", value.text, "the installation that it must name", fallback=""),
)
