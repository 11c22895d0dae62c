"""Promises pass: an exception that nobody took up, or nobody resolved in time, is told to the next team."""

import datetime
from collections.abc import Iterator, Sequence

import structlog
from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.pipeline.notices import note_escalation
from controltower.pipeline.promises import Promises, promises
from controltower.pipeline.tower import Tower
from controltower.store import audit, case
from controltower.store.case import ESCALATE, Action
from controltower.store.engine import reading, writing

log = structlog.get_logger(__name__)

THE_TOWER = "tower"
# The end of an escalation's words, by which it is known that a promise has been seen to pass.
NOT_ACKNOWLEDGED, NOT_RESOLVED = "acknowledged it in time", "resolved it in time"
STILL_OPEN = "resolved it in {times} times the time"


def escalate(tower: Tower, at_once: int = 500) -> int:
    """Escalate what is overdue by its service tier, once for each promise. Returns how many were escalated."""
    now = tower.now()
    found: list[tuple[Case, int, Action]] = []
    with reading(tower.engine) as connection:
        for lasting in _open_ones(connection, at_once):
            done = case.latest_actions(connection, [each.id for each in lasting])
            for each in lasting:
                actions = done.get(each.id, ())
                made = sum(action.action == ESCALATE for action in actions)
                fresh = enumerate(passed(each, actions, tower.landscape, now), made + 1)
                found += [(each, number, action) for number, action in fresh]
    if found:
        with writing(tower.engine) as connection:
            for each, number, action in found:
                case.act(connection, action)
                team = team_told(action.detail, tower.landscape)
                note_escalation(connection, tower, each, number, team, action.detail)
                audit.write_down(
                    connection,
                    audit.Entry(now, THE_TOWER, "exception.escalate", action.exception, action.detail),
                )
                log.warning("exception escalated", exception=action.exception, to=action.detail)
    return len(found)


def _open_ones(connection: Connection, at_once: int) -> Iterator[list[Case]]:
    after = None
    while page := case.listing(connection, after=after, limit=at_once):
        yield page
        after = page[-1].opened_at, page[-1].id


def passed(
    each: Case, done: Sequence[Action], landscape: Landscape, now: datetime.datetime
) -> Iterator[Action]:
    """The escalations that are due and have not been made, each to the next team of the tier's list.

    A consequence of another exception is that one's affair, and a planned outage nobody's: nobody is told of them."""
    terms = promises(each, done, landscape)
    if terms is None or not terms.tier.escalate_to or not each.counts:
        return
    made = [action for action in done if action.action == ESCALATE and action.at >= terms.since]
    teams, told = terms.tier.escalate_to, len(made)
    for at, promise in _promises(terms):
        if at >= now or (told >= len(teams) and promise not in (NOT_ACKNOWLEDGED, NOT_RESOLVED)):
            return
        if not any(action.detail.endswith(f"nobody {promise}") for action in made):
            detail = f"{_team(teams, told, landscape)}, because nobody {promise}"
            told += 1
            yield Action(each.id, at, THE_TOWER, ESCALATE, detail)


def _team(teams: Sequence[str], told: int, landscape: Landscape) -> str:
    """Whom the next escalation reaches; the last team hears of all further ones."""
    id = teams[min(told, len(teams) - 1)]
    known = landscape.teams.get(id)
    return known.name if known else id


def _promises(terms: Promises) -> Iterator[tuple[datetime.datetime, str]]:
    """When each promise passes, in order: the time to resolve it passes again and again, for each further team."""
    if not terms.acknowledged:
        yield terms.acknowledge_by, NOT_ACKNOWLEDGED
    yield terms.resolve_by, NOT_RESOLVED
    for times in range(2, len(terms.tier.escalate_to) + 2):
        yield terms.again(times - 1), STILL_OPEN.format(times=times)


def team_told(detail: str, landscape: Landscape) -> str:
    """The team that an escalation's words name; "" for one that is no longer declared."""
    name = detail.partition(", because nobody ")[0]
    return next((id for id, team in landscape.teams.items() if name in (team.name, id)), "")
