"""Whether a source speaks as usual: against the same hour of other weeks, or, until these are known, its own pace."""

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import OF_PLANT, Landscape, System
from controltower.domain.pace import HOUR, SLOT, Pace, quantile, windows

DROP, RISE = "rate-low", "rate-high"
# `weeks`: of an hour, before it counts. `low`, `high`: the quantiles of its weeks. `times`: how far above the high one
# is too much. Until then `gaps` and `learning`: what must be known of a source; `median`, `longest`: how many times its
# usual and its longest silence are too long, and `silence`: never before that. `lively`: the share of its neighbours
# that must speak as usual, else it is no single source that has fallen silent.
FIGURES: Mapping[str, Mapping[str, Any]] = {
    DROP: {
        "weeks": 4.0, "low": 0.05, "gaps": 50.0, "learning": datetime.timedelta(hours=2), "median": 8.0, "longest": 4.0,
        "silence": datetime.timedelta(minutes=30), "lively": 0.5,
    },
    RISE: {
        "weeks": 4.0, "high": 0.99, "times": 3.0, "learning": datetime.timedelta(hours=2), "peak": 10.0, "least": 200.0,
    },
}  # fmt: skip
_SPREAD = 3.0  # events come by chance: so many standard deviations of such a count are no news
_QUARTER = 3  # of an hour, in stretches of five minutes


class Usual(NamedTuple):
    """What other weeks brought in this hour of the week and in the one before, the newest last."""

    now: Sequence[int] = ()
    before: Sequence[int] = ()

    def known(self, weeks: float) -> bool:
        return len(self.now) >= weeks

    def expected(self, share: float, span: datetime.timedelta, now: datetime.datetime) -> float:
        """How many events such a quantile of the weeks brings in a span that ends now (hours begin at full hours)."""
        here = min(span, now - now.replace(minute=0, second=0, microsecond=0))
        there = quantile(self.before, share) * ((span - here) / HOUR) if self.before else 0.0
        return quantile(self.now, share) * (here / HOUR) + there


def dropped(pace: Pace, usual: Usual, figures: Mapping[str, Any], now: datetime.datetime) -> str:
    """The sentence that says how much too little a channel says; "" while it speaks as usual."""
    if usual.known(figures["weeks"]):
        return _below(pace, usual, figures["low"], now)
    return _too_silent(pace, figures, now)


def _below(pace: Pace, usual: Usual, low: float, now: datetime.datetime) -> str:
    """The last quarter of an hour decides whether it lasts; the longer spans whether it is more than chance."""
    if pace.within(_QUARTER) >= usual.expected(low, _span(_QUARTER, pace, now), now):
        return ""
    for slots in windows():
        span = _span(slots, pace, now)
        expected, count = usual.expected(low, span, now), pace.within(slots)
        if now - span >= pace.since and count < expected - _SPREAD * math.sqrt(expected):
            minutes = span.total_seconds() / 60
            return f"{count} events in {minutes:.0f} min; at least {expected:.0f} are usual at this hour of the week."
    return ""


def _span(slots: int, pace: Pace, now: datetime.datetime) -> datetime.timedelta:
    """How long so many whole stretches of five minutes and the present one have lasted."""
    return slots * SLOT + (now - pace.slot_at)


def _too_silent(pace: Pace, figures: Mapping[str, Any], now: datetime.datetime) -> str:
    known = pace.gaps_learnt >= figures["gaps"] and pace.last_at - pace.since >= figures["learning"]
    if not known or now - pace.last_at <= longest_silence(pace, figures):
        return ""
    silent = (now - pace.last_at).total_seconds() / 60
    usual = pace.gap(0.5).total_seconds() / 60
    return (
        f"Silent for {silent:.0f} min; it usually speaks every {usual:.1f} min, and was never so long silent."
    )


def longest_silence(pace: Pace, figures: Mapping[str, Any]) -> datetime.timedelta:
    """How long a channel may be silent by its own recent pace."""
    least: datetime.timedelta = figures["silence"]
    usual: datetime.timedelta = pace.gap(0.5) * figures["median"]
    longest: datetime.timedelta = pace.gap(1.0) * figures["longest"]
    return max(usual, longest, least)


def at_work(landscape: Landscape, system: str, at: datetime.datetime) -> bool:
    """Whether any of a system's plants works at a moment, by its calendar; what is shut says nothing of its sources."""
    plants = landscape.system(system).plants
    return not plants or any(landscape.calendar(OF_PLANT, plant).is_open(at) for plant in plants)


def is_lively(pace: Pace, now: datetime.datetime) -> bool:
    """Whether a channel speaks no less often than it does at its slowest."""
    return now - pace.last_at <= pace.gap(1.0)


def others_go_on(
    mine: Pace, paces: Iterable[Pace], figures: Mapping[str, Any], now: datetime.datetime
) -> bool:
    """Whether most of the other sources speak as usual: else it is the plants that rest, or our own line is dead."""
    others = [each for each in paces if each.system != mine.system and each.gaps_learnt >= figures["gaps"]]
    lively = sum(is_lively(each, now) for each in others)
    return len(others) >= 2 and lively >= figures["lively"] * len(others)


def risen(pace: Pace, usual: Usual, figures: Mapping[str, Any], now: datetime.datetime) -> str:
    """The sentence that says how much too much a channel says; "" while it speaks as usual."""
    count, span = pace.within(_QUARTER), _span(_QUARTER, pace, now)
    if usual.known(figures["weeks"]):
        most = usual.expected(figures["high"], span, now)
        limit = max(figures["times"] * most + _SPREAD * math.sqrt(most), figures["least"] / 10)
    elif pace.last_at - pace.since >= figures["learning"]:
        most, limit = pace.peak, max(figures["peak"] * pace.peak, figures["least"])
    else:
        return ""
    if count <= limit:
        return ""
    minutes = span.total_seconds() / 60
    return f"{count} events in {minutes:.0f} min; {most:.0f} are the most that is usual."


def drop_case(pace: Pace, system: System, why: str) -> Case:
    """The exception of a source that says less than it usually does."""
    return _case(DROP, "Unusually quiet", pace, system, why)._replace(
        severity="B",
        action=f"Ask {system.title} whether it sends: subscription, line, its own queue; then read the gap again.",
    )


def rise_case(pace: Pace, system: System, why: str) -> Case:
    """The exception of a source that says far more than it usually does."""
    return _case(RISE, "Unusually busy", pace, system, why)._replace(
        severity="B",
        action=f"Ask {system.title} what it sends: a replay, a loop or a mass load; slow it down before others suffer.",
    )


def _case(rule: str, words: str, pace: Pace, system: System, why: str) -> Case:
    since = pace.last_at if rule == DROP else pace.slot_at.replace(minute=0)
    return Case(
        id=f"{rule}-{event_id(pace.system, f'{pace.channel} {since.isoformat()}')}",
        rule=rule,
        title=f"{words}: {system.title}",
        severity="C",
        opened_at=pace.slot_at if rule == RISE else pace.last_at,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause=words,
        why=f"{system.title} ({pace.channel}): {why}",
        last_at=pace.last_at,
        key=f"{system.id} {pace.channel}",
        watched=True,
    )
