"""What time the systems have: by the stamps of what they tell, and by what their answers say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from controltower.domain.latency import AHEAD
from controltower.store import clock_offset, latency
from controltower.web.format import duration, precisely
from controltower.web.tower import now, reading

LATELY = timedelta(hours=1)
# A second is what an answer's stamp is written to; two are no news.
NOTICEABLE = 2.0


@dataclass(frozen=True)
class Clock:
    """By how many seconds a system's clock is ahead (behind where less than nothing), measured how."""

    system: str
    seconds: float
    by: str
    number: int

    @property
    def is_wrong(self) -> bool:
        return abs(self.seconds) > NOTICEABLE

    @property
    def words(self) -> str:
        """ "7 min 30 s ahead"."""
        if not self.is_wrong:
            return "right"
        return f"{in_full(abs(self.seconds))} {'ahead' if self.seconds > 0 else 'behind'}"


def every() -> dict[str, Clock]:
    """What is known of each system's clock, the stamps of its news before what its answers say."""
    said = {
        each.system: Clock(each.system, each.seconds, "the dates of its answers", 1)
        for each in clock_offset.every(reading()).values()
    }
    stamps = latency.spreads(reading(), (AHEAD,), now() - LATELY, now())
    told = {
        name: Clock(name, spread.p50, "stamps that lay ahead of their arrival", spread.number)
        for (_, name, _), spread in stamps.items()
        if spread.p50 is not None
    }
    return {**said, **told}


def in_full(seconds: float) -> str:
    """ "7 min 30 s": an offset to the second."""
    minutes, rest = divmod(round(seconds), 60)
    if seconds < 10:
        return precisely(seconds)
    return f"{minutes} min {rest} s" if 0 < minutes < 60 and rest else duration(seconds)
