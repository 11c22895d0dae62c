"""A promise of service measured: the share of good events over a window, what is left of its error budget, and how fast
that is being spent (multi-window burn rates, Google's SRE workbook)."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from controltower.domain import latency

# What may be promised -> the latency that it is measured by.
WHATS: Mapping[str, str] = {
    "in-latency": latency.IN,
    "delivery": latency.DELIVERY,
    "applied": latency.APPLIED,
    "expectation": latency.EXPECTATION,
    "freshness": latency.FRESHNESS,
    "flow": latency.FLOW,
}
EXPECTATION = "expectation"


@dataclass(frozen=True)
class Slo:
    """A declared objective: of what is measured, at least `target` is good within a time, over a window.

    `within` None (expectations only): in the time of the expectation's own rule."""

    name: str
    title: str
    what: str
    within: datetime.timedelta | None = None
    target: float = 0.99
    window: datetime.timedelta = datetime.timedelta(days=28)
    system: str = ""
    route: str = ""
    flow: str = ""
    rule: str = ""
    plant: str = ""
    team: str = ""

    @property
    def kind(self) -> str:
        """The latency that it is measured by."""
        return WHATS[self.what]

    @property
    def named(self) -> tuple[str, str]:
        """The name and the target of its measurements, "" for any."""
        if self.what in ("delivery", "applied"):
            return self.route, self.system
        if self.what == EXPECTATION:
            return self.rule, self.system
        return (self.flow, "") if self.what == "flow" else (self.system, "")


class Tally(NamedTuple):
    """How many of some events were good."""

    good: int = 0
    total: int = 0

    @property
    def bad(self) -> int:
        return self.total - self.good

    @property
    def share(self) -> float | None:
        """The share of good ones; None of none."""
        return self.good / self.total if self.total else None

    def burn(self, target: float) -> float:
        """How many times as fast as allowed the budget is spent; 1 spends exactly all of it over the window."""
        return self.bad / self.total / (1 - target) if self.total else 0.0

    def budget_left(self, target: float) -> float | None:
        """The share of the error budget that is left, below nothing when more than all of it is spent; None of none."""
        return 1 - self.burn(target) if self.total else None


class Alert(NamedTuple):
    """When a promise is told to be breaking: it burns faster than `burn` over both windows. The short one says that it
    still does."""

    name: str
    long: datetime.timedelta
    short: datetime.timedelta
    burn: float


ALERTS = (
    Alert("fast", datetime.timedelta(hours=1), datetime.timedelta(minutes=5), 14.4),
    Alert("steady", datetime.timedelta(hours=6), datetime.timedelta(minutes=30), 6.0),
    Alert("slow", datetime.timedelta(days=3), datetime.timedelta(hours=6), 1.0),
)
# Of the fastest burn that there can be (everything is bad): what no outage could reach would never be told.
_REACHABLE = 0.9


def limit_of(alert: Alert, target: float) -> float:
    """The burn rate at which an alert speaks, for a promise of such a share."""
    return min(alert.burn, _REACHABLE / (1 - target))


def burns(short: Tally, long: Tally, limit: float, target: float, least: float) -> bool:
    """Whether a promise burns: over both windows, and by at least so many bad events, or one failure would alarm."""
    fast = long.burn(target) >= limit and short.burn(target) >= limit
    return fast and long.bad >= least and short.bad > 0
