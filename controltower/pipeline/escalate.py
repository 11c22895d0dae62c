"""Promises pass: an exception that nobody took up, or nobody resolved in time, is told to the next team."""

import datetime
from collections.abc import Iterator, Sequence

import structlog
from sqlalchemy import Connection

from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape, Tier
from controltower.pipeline.tower import Tower
from controltower.store import audit, case
from controltower.store.case import ACKNOWLEDGE, ESCALATE, Action
from controltower.store.engine import reading, writing

log = structlog.get_logger(__name__)

THE_TOWER = "tower"


def escalate(tower: Tower, at_once: int = 500) -> int:
    """Escalate what is overdue by its service tier, once for each promise. Returns how many were escalated."""
    now = tower.now()
    found: list[Action] = []
    with reading(tower.engine) as connection:
        for lasting in _open_ones(connection, at_once):
            done = case.latest_actions(connection, [each.id for each in lasting])
            for each in lasting:
                found += _passed(each, done.get(each.id, ()), tower.landscape, now)
    if found:
        with writing(tower.engine) as connection:
            for action in found:
                case.act(connection, action)
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


def _passed(
    each: Case, done: Sequence[Action], landscape: Landscape, now: datetime.datetime
) -> Iterator[Action]:
    """The escalations that are due and have not been made."""
    tier = landscape.tiers.get(each.tier)
    if tier is None or not tier.escalate_to:
        return
    team = landscape.teams.get(tier.escalate_to)
    to = team.name if team else tier.escalate_to
    made = {action.detail for action in done if action.action == ESCALATE}
    for at, promise in _promises(each, tier, done):
        detail = f"{to}, because nobody {promise}"
        if at < now and detail not in made:
            yield Action(each.id, at, THE_TOWER, ESCALATE, detail)


def _promises(each: Case, tier: Tier, done: Sequence[Action]) -> Iterator[tuple[datetime.datetime, str]]:
    if not any(action.action == ACKNOWLEDGE for action in done):
        yield each.opened_at + tier.acknowledge_within, "acknowledged it in time"
    yield each.opened_at + tier.resolve_within, "resolved it in time"
