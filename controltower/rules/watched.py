"""The rules that watch (pipeline/watches/): their names, and their figures, which rules.toml may override."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.rules import (
    burning,
    canary,
    comparison,
    connection,
    heartbeat,
    notification,
    pace,
    shift,
    slowness,
    upgrade,
)

# Rule -> its figures with their usual values: numbers or timedeltas; {} for a rule that has none.
WATCHED: Mapping[str, Mapping[str, Any]] = {
    "delivery-trouble": {"after": datetime.timedelta(minutes=10)},
    "source-trouble": {"after": datetime.timedelta(minutes=10), "failures": 3},
    "dead-letters-unread": {"after": datetime.timedelta(hours=1)},
    "replay-storm": {"within": datetime.timedelta(minutes=10), "known": 50},
    "retry-amplification": {"copies": 5},
    "job-dead": {"after": datetime.timedelta(minutes=30)},
    "disk-low": {"megabytes": 200},
    notification.FAILED: {},
    **pace.FIGURES,
    **heartbeat.FIGURES,
    comparison.RULE: {},
    **connection.FIGURES,
    **canary.FIGURES,
    **slowness.FIGURES,
    **burning.FIGURES,
    **shift.FIGURES,
    **upgrade.FIGURES,
}
RULES = tuple(WATCHED)
