"""The service level objectives as pages and the API show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from controltower.domain import slo as slos
from controltower.domain.slo import ALERTS, Slo, Tally
from controltower.pipeline.watches.slo_burn import figures_of
from controltower.store import promises
from controltower.store.promises import Spender
from controltower.web.format import route_title, system_title
from controltower.web.scope import current_scope, link
from controltower.web.tower import now, reading, tower

NOTHING, KEPT, RISK, BROKEN = "no-data", "kept", "burning", "broken"
# state -> (words, tone)
STATES = {
    BROKEN: ("broken", "bad"),
    RISK: ("at risk", "warn"),
    KEPT: ("kept", "ok"),
    NOTHING: ("not enough yet", "idle"),
}


@dataclass(frozen=True)
class Burn:
    """How fast the budget is spent over one pair of windows; `limit` is where an alert speaks."""

    name: str
    long: float
    short: float
    limit: float
    bad: int

    @property
    def speaks(self) -> bool:
        least = figures_of(tower().landscape.limits)["bad"]
        return self.long >= self.limit and self.short >= self.limit and self.bad >= least


@dataclass(frozen=True)
class Promise:
    """One objective, how it is kept over its window, and how fast its budget goes."""

    slo: Slo
    tally: Tally
    burns: tuple[Burn, ...]
    spenders: tuple[Spender, ...]
    since: datetime | None

    @property
    def share(self) -> float | None:
        return self.tally.share

    @property
    def left(self) -> float | None:
        return self.tally.budget_left(self.slo.target)

    @property
    def state(self) -> str:
        if self.share is None or self.left is None:
            return NOTHING
        if self.left < 0:
            return BROKEN
        return RISK if any(each.speaks for each in self.burns) else KEPT


def every() -> list[Promise]:
    """Every declared objective that concerns the plant in scope, the least kept first."""
    plant = current_scope().plant
    wanted = [each for each in tower().landscape.slos if not plant or each.plant in ("", plant)]
    found = [promise_of(each) for each in wanted]
    return sorted(found, key=lambda each: (list(STATES).index(each.state), each.left or 0.0))


def promise_of(slo: Slo) -> Promise:
    """One objective as it stands."""
    connection, moment = reading(), now()
    since = moment - slo.window
    tally = promises.tally(connection, slo, since, moment)
    worst = promises.spenders(connection, slo, since, moment) if tally.bad else []
    burns = burns_of(slo) if tally.bad else ()
    return Promise(slo, tally, burns, tuple(worst), promises.begins(connection, slo))


def burns_of(slo: Slo) -> tuple[Burn, ...]:
    """How fast the budget is spent now, by pair of windows."""
    figures = figures_of(tower().landscape.limits)
    found = []
    for alert in ALERTS:
        long, short = (
            promises.tally(reading(), slo, now() - each, now()) for each in (alert.long, alert.short)
        )
        limit = slos.limit_of(alert._replace(burn=figures[alert.name]), slo.target)
        found.append(Burn(alert.name, long.burn(slo.target), short.burn(slo.target), limit, long.bad))
    return tuple(found)


def spender_title(slo: Slo, each: Spender) -> str:
    """Who spends a budget, in words."""
    if slo.what in ("delivery", "applied"):
        return f"{route_title(each.name)} → {system_title(each.target)}"
    if slo.what == "expectation":
        rule = next((one.title for one in tower().landscape.expectations if one.name == each.name), each.name)
        return f"{rule}, {system_title(each.target)}"
    return system_title(each.name)


def spender_url(slo: Slo, each: Spender) -> str:
    """Where the rows are that a budget was spent on."""
    if slo.what == "flow":
        return link("flows.listed", name=each.name)
    if slo.what == "expectation":
        return link("exceptions.board", rule=each.name)
    if slo.what == "freshness":
        return url_for("systems.show", system=each.name)
    return link("latency.thing", kind=slo.kind, name=each.name, to=each.target or None, period="30d")
