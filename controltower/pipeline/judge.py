"""The cause of a drift, from the ledger and from what else is known about the follower."""

import datetime

from sqlalchemy import Connection

from controltower.domain import cause
from controltower.domain.cause import Witness
from controltower.domain.delivery import Delivery
from controltower.domain.drift import CLOSED, OPEN, Drift
from controltower.pipeline.obstacle import obstacle
from controltower.pipeline.tower import Tower
from controltower.rules.sending import LACK
from controltower.store import case, channel, event, message, outbox
from controltower.store import gate as store_gate


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
    sent = _sent(connection, tower, drift, until)
    now = until if drift.closed_at is None else None
    held = store_gate.get(connection, drift.follower) if sent and now else None
    shut = obstacle(tower, held, drift.follower, until)
    lack = "" if sent or now is None else _lack(connection, tower, drift)
    return Witness(_silent_since(connection, drift, until), parked, sent, shut.kind, shut.words, lack, now)


def _sent(connection: Connection, tower: Tower, drift: Drift, until: datetime.datetime) -> list[Delivery]:
    """What the tower had to tell the follower about the subject, as far as it was written by then."""
    if not tower.landscape.routed_to(tower.landscape.system(drift.follower).role):
        return []
    return [
        each
        for each in outbox.of_subject(connection, drift.subject)
        if each.target == drift.follower and each.created_at <= until
    ]


def _lack(connection: Connection, tower: Tower, drift: Drift) -> str:
    """Why nothing could be written for the follower, if something lacked."""
    role = tower.landscape.system(drift.follower).role
    for each in case.open_about_each(connection, [drift.subject], LACK):
        route = tower.landscape.routes.get(each.key)
        if route is not None and route.target == role and drift.attribute in route.take:
            return each.why
    return ""


def _silent_since(connection: Connection, drift: Drift, until: datetime.datetime) -> datetime.datetime | None:
    """Since when the follower could not be heard, if it could not for the whole allowance of the drift."""
    for outage in channel.outages(connection, drift.follower, drift.learnt_at):
        if outage.began_at <= drift.allowed_until and (outage.ended_at is None or outage.ended_at >= until):
            return outage.began_at
    return None
