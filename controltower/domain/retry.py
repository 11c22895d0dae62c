"""Whether and when a failed delivery is tried again: a pure function of policy, attempts and what was answered."""

import datetime
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from controltower.domain import failure

MINUTE, HOUR = 60.0, 3600.0
# The default schedule of reference: at once, then ever more seldom over about two days.
DELAYS = (5.0, 30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)
# A target may ask for patience, but not for ever.
LONGEST_ASKED = HOUR
# A person must look at these at once: sending the same again can only fail the same.
PERMANENT = frozenset(
    {
        failure.REFUSED,
        failure.FORBIDDEN,
        failure.CONFLICT,
        failure.GONE,
        failure.REMOVED,
        failure.PERIOD_CLOSED,
        failure.PARTIAL,
        failure.UNSENDABLE,
    }
)  # credentials pause the whole interface instead


@dataclass(frozen=True)
class RetryPolicy:
    """`delays`: the longest wait in seconds before each further attempt. What is drawn lies evenly below it (full
    jitter), never below `least`. `longest_asked`: a Retry-After beyond it is cut to it."""

    delays: tuple[float, ...] = DELAYS
    least: float = 0.5
    longest_asked: float = LONGEST_ASKED

    def wait(self, failures: int, retry_after: float | None, chance: random.Random) -> float | None:
        """Seconds to the next attempt after so many failures (1 = the first); None when it was the last.

        What the target asked for wins over our own schedule."""
        if failures > len(self.delays):
            return None
        if retry_after is not None:
            return min(retry_after, self.longest_asked)
        return max(self.least, chance.uniform(0.0, self.delays[max(failures, 1) - 1]))


@dataclass(frozen=True)
class Window:
    """A maintenance window, week by week: `weekday` 0 = Monday; it may last past midnight."""

    weekday: int
    start: datetime.time
    length: datetime.timedelta

    def end_of(self, now: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime | None:
        """When it ends, if `now` lies in it."""
        local = now.astimezone(zone)
        back = (local.weekday() - self.weekday) % 7
        day = (local - datetime.timedelta(days=back)).date()
        for first in (day, day - datetime.timedelta(days=7)):
            began = datetime.datetime.combine(first, self.start, zone)
            if began <= local < began + self.length:
                return (began + self.length).astimezone(datetime.UTC)
        return None


@dataclass(frozen=True)
class Sending:
    """How the tower sends to one system: seconds are real ones.

    `rate`: requests a second, 0 = as fast as it takes them. `in_flight`: requests at once. `open_after` failures in a
    row, or more than half of the last twenty, open the circuit for `rest`; then one probe goes. `budget`: retries
    that each first attempt earns. After a pause it begins again with `drain` requests a second, doubling every ten
    seconds. `says`: class of failure -> regular expression over its words."""

    rate: float = 0.0
    in_flight: int = 8
    timeout: float = 15.0
    open_after: int = 5
    rest: float = 30.0
    budget: float = 0.1
    drain: float = 2.0
    windows: tuple[Window, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
