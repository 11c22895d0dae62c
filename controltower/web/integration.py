"""The integration desk's home: is anything stuck, since when, and whose is it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Response

from controltower.web import failures, hx, outgoing, systems, targets
from controltower.web.failures import IN, OUT, Failure
from controltower.web.navigation import NavEntry
from controltower.web.network import network

bp = Blueprint("integration", __name__)
NAV = NavEntry("Integration", "Overview", "integration.overview", "board")
NEWEST = 8


@dataclass(frozen=True)
class Share:
    """What waits for one team."""

    team: str
    dead: int
    parked: int
    groups: int
    since: datetime | None
    late: int


@bp.get("/integration")
def overview() -> Response:
    """Failure groups newest first, whose they are, and every target with what waits for it."""
    found, sent_to = failures.every(), targets.every()
    return hx.page(
        "integration.html",
        failures=found[:NEWEST],
        more=len(found) - NEWEST,
        shares=shares(found),
        targets=sent_to,
        states=targets.STATES,
        title_of=outgoing.title_of,
        dead=sum(each.number for each in found if each.way == OUT),
        parked=sum(each.number for each in found if each.way == IN),
        most_parked=failures.MOST_PARKED,
        stuck_since=min((each.first_at for each in found if each.first_at), default=None),
        backlog=sum(each.backlog for each in sent_to),
        oldest=min((each.oldest_at for each in sent_to if each.oldest_at), default=None),
        unknown=sum(one.unknown for each in sent_to for one in each.interfaces),
        network=network(systems.lines(), sent_to),
        held=[each for each in sent_to if each.state not in (targets.RUNNING, targets.DRAINING)],
    )


def shares(found: list[Failure]) -> list[Share]:
    """What waits for each team, the most first."""
    teams = {each.team for each in found}
    held = [share_of(team, [each for each in found if each.team == team]) for team in teams]
    return sorted(held, key=lambda each: (-(each.dead + each.parked), each.team))


def share_of(team: str, mine: list[Failure]) -> Share:
    return Share(
        team,
        sum(each.number for each in mine if each.way == OUT),
        sum(each.number for each in mine if each.way == IN),
        len(mine),
        min((each.first_at for each in mine if each.first_at), default=None),
        sum(1 for each in mine if each.left is not None and each.left < timedelta(0)),
    )
