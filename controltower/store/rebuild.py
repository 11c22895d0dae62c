"""All that is derived from the inbox is dropped, so that it can be told again."""

from sqlalchemy import Connection, delete, func, select

from controltower.store.belief import belief, hearing
from controltower.store.case import case
from controltower.store.condition import condition
from controltower.store.drift import drift
from controltower.store.event import event
from controltower.store.expectation import expectation
from controltower.store.flow import flow, flow_waiting
from controltower.store.flow_figure import flow_figure
from controltower.store.habit import habit
from controltower.store.message import (
    BY_TRANSLATION,
    DUPLICATE,
    PARKED,
    PARTLY,
    RECEIVED,
    RECORDED,
    event_key,
    message,
)

# What was refused at the door tells nothing when it is read again.
READABLE = frozenset({RECEIVED, RECORDED, DUPLICATE, PARKED, PARTLY})
# Seen by watching, not by reading: the inbox could not tell it again.
WATCHED = (
    "source-silent", "refused-message", "dead-letters", "not-applied", "late-delivery", "interface-paused",
    "circuit-open", "cannot-carry",
)  # fmt: skip


def clear(connection: Connection) -> int:
    """Drop everything derived. Returns how many messages the inbox holds."""
    for table in (
        event,
        belief,
        hearing,
        drift,
        expectation,
        flow,
        flow_waiting,
        flow_figure,
        condition,
        habit,
    ):
        connection.execute(delete(table))
    # What the door claimed is part of the inbox; what a translation claimed is for the next one to claim.
    connection.execute(delete(event_key).where(event_key.c.fingerprint.startswith(BY_TRANSLATION)))
    connection.execute(delete(case).where(case.c.rule.not_in(WATCHED), ~case.c.watched))
    return connection.execute(select(func.count()).select_from(message)).scalar_one()
