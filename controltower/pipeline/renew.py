"""A lost subscription is asked for anew, and what was not sent meanwhile is fetched."""

import datetime

from controltower.connectors.contract import SourceUnavailable, Subscriber
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.backfill import backfill
from controltower.pipeline.probe import probe
from controltower.pipeline.tower import Tower
from controltower.store import connection as reports
from controltower.store.engine import reading

# What was sent just before the subscription was last seen may have been lost with it.
_BEFORE = datetime.timedelta(minutes=15)


def can_renew(tower: Tower, system: str) -> bool:
    """Whether the subscriptions of a system can be renewed from here."""
    connector = tower.connectors.get(system)
    return isinstance(connector, Subscriber) and connector.can_subscribe()


def renew(tower: Tower, system: str, since: datetime.datetime | None, who: str, reason: str) -> str:
    """Have a system send its webhooks again, and backfill since it was last known to. Returns what was done, in words.

    Raises LookupError for an unknown system, NotPossible where it cannot be asked."""
    if system not in tower.landscape.systems:
        raise LookupError(system)
    connector, title = tower.connectors[system], tower.landscape.system(system).title
    if not isinstance(connector, Subscriber) or not connector.can_subscribe():
        raise NotPossible(f"The subscriptions of {title} cannot be renewed from here.")
    with reading(tower.engine) as connection:
        known = reports.get(connection, system)
    try:
        made = connector.renew()
    except SourceUnavailable as trouble:
        raise NotPossible(f"{title} does not take it: {trouble}") from trouble
    words = f"{title} has noted subscription {made.id}"
    now = tower.now()
    since = since or (known.subscribed_at if known else None) or now
    probe(tower, system, known)
    try:
        filled = backfill(tower, system, since - _BEFORE, now, who, reason)
    except NotPossible as impossible:
        return f"{words}; what it did not send meanwhile is not fetched: {impossible}"
    return f"{words}; {filled}"
