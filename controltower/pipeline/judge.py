"""The cause of a drift, from the ledger and from what else is known about the follower."""

import datetime

from sqlalchemy import Connection

from controltower.domain import cause
from controltower.domain.cause import Witness
from controltower.domain.drift import CLOSED, OPEN, Drift
from controltower.pipeline.tower import Tower
from controltower.store import channel, event, message


def judged(connection: Connection, tower: Tower, drift: Drift) -> tuple[Drift, str]:
    """The drift with its cause, the sentence for it and the evidence; and the action that mends it.

    A closed drift is judged on what was known when it closed, so that it reads the same ever after.
    """
    history = event.of_subject(connection, drift.subject, before=drift.closed_by)
    finding = cause.find(drift, history, tower.landscape, _witness(connection, tower, drift))
    state = CLOSED if drift.state == CLOSED else OPEN
    known = drift._replace(state=state, cause=finding.cause, why=finding.why, evidence=finding.evidence)
    return known, finding.action


def _witness(connection: Connection, tower: Tower, drift: Drift) -> Witness:
    until = drift.closed_at or tower.now()
    parked = [
        each.id
        for each in message.parked_of(connection, drift.follower, drift.learnt_at)
        if each.received_at <= until
    ]
    return Witness(_silent_since(connection, drift, until), parked)


def _silent_since(connection: Connection, drift: Drift, until: datetime.datetime) -> datetime.datetime | None:
    """Since when the follower could not be heard, if it could not for the whole allowance of the drift."""
    for outage in channel.outages(connection, drift.follower, drift.learnt_at):
        if outage.began_at <= drift.allowed_until and (outage.ended_at is None or outage.ended_at >= until):
            return outage.began_at
    return None
