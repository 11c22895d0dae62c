"""Watches how fast the promises of slo.toml spend their error budgets."""

import datetime
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from controltower.domain import slo as slos
from controltower.domain.exception import Case
from controltower.domain.landscape import Limits
from controltower.domain.slo import ALERTS, Alert, Slo, Tally
from controltower.pipeline.tower import Tower
from controltower.pipeline.watch import Watch
from controltower.rules import burning
from controltower.rules.burning import BURN
from controltower.store import promises

# No alert looks at less than this: where nothing was bad in it, nothing burns.
_SHORTEST = ALERTS[-1].short


def _present(connection: Connection, tower: Tower, now: datetime.datetime) -> Iterator[Case]:
    figures = figures_of(tower.landscape.limits)
    for each in tower.landscape.slos:
        if promises.tally(connection, each, now - _SHORTEST, now).bad:
            alert = _burning(connection, each, figures, now)
            if alert is not None:
                limit = slos.limit_of(alert._replace(burn=figures[alert.name]), each.target)
                worst = promises.spenders(connection, each, now - alert.long, now, 1)
                named = (worst[0].name, worst[0].target) if worst else each.named
                yield burning.case_of(each, alert, limit, named, tower.landscape, now)


def figures_of(limits: Limits) -> dict[str, float]:
    """The burn rate at which each alert speaks, and how many `bad` events there must be at least."""
    return {name: float(limits.of(BURN, name, usual)) for name, usual in burning.FIGURES[BURN].items()}


def _burning(
    connection: Connection, slo: Slo, figures: Mapping[str, float], now: datetime.datetime
) -> Alert | None:
    """The most urgent alert that speaks. None is heard before there is as much past as its short window needs."""
    began = promises.begins(connection, slo) or now
    for alert in ALERTS:
        if now - began < alert.short:
            continue
        limit = slos.limit_of(alert._replace(burn=figures[alert.name]), slo.target)
        short, long = _tallies(connection, slo, alert, now)
        if slos.burns(short, long, limit, slo.target, figures["bad"]):
            return alert
    return None


def _tallies(connection: Connection, slo: Slo, alert: Alert, now: datetime.datetime) -> tuple[Tally, Tally]:
    short = promises.tally(connection, slo, now - alert.short, now)
    return short, promises.tally(connection, slo, now - alert.long, now) if short.bad else Tally()


WATCH = Watch((BURN,), _present, "The budget is no longer spent too fast.")
