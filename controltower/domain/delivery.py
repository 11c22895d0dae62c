"""An outgoing message: what it carries to whom, and the states that it passes."""

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from controltower.domain.event import Position
from controltower.domain.subject import Subject
from controltower.domain.value import Value

# waiting: behind an earlier one of its lane. pending: may go at `next_at`. sending: a worker has claimed it, and its
# attempt is written down. retrying: failed, again at `next_at`. unknown: may have arrived; read back at `next_at`
# before anything is sent again.
WAITING, PENDING, SENDING, RETRYING, UNKNOWN = "waiting", "pending", "sending", "retrying", "unknown"
# delivered: the target took it. applied: the target's own belief shows it.
DELIVERED, APPLIED = "delivered", "applied"
# dead: a person must decide. superseded: a newer one made it needless. cancelled: a person discarded it.
# resubmitted: another delivery took its place.
DEAD, SUPERSEDED, CANCELLED, RESUBMITTED = "dead", "superseded", "cancelled", "resubmitted"

OPEN = (WAITING, PENDING, SENDING, RETRYING, UNKNOWN)
CLAIMABLE = (PENDING, RETRYING, UNKNOWN)
STATES = (*OPEN, DELIVERED, APPLIED, DEAD, SUPERSEDED, CANCELLED, RESUBMITTED)
# What a newer delivery may make needless: none of these is on the wire.
STUCK = (WAITING, PENDING, RETRYING)


class Lane(NamedTuple):
    """What keeps its order: the deliveries about one subject to one system."""

    target: str
    subject: Subject


class Delivery(NamedTuple):
    """One outgoing message.

    `ordinal` orders a lane: the id of the first delivery that said this, so that a resubmission takes its original's
    place. `key` is the idempotency key, the same at every attempt. `deadline`: when it breaks its promise of service.
    `error`: the class of the last failure (see domain.failure); `words`: what the target said. `applied_by`: until
    when the target must show it. `original`: the delivery that this one resubmits; `author` and `reason`: by whom and
    why; `edited`: its content was changed; `forced`: sent although the target knew something newer. `run`: the
    resubmission of many that it belongs to.
    """

    id: int
    subject: Subject
    route: str
    target: str
    source: str
    type: str
    attributes: Mapping[str, Value]
    refs: Mapping[str, str]
    event: str
    position: Position
    occurred_at: datetime.datetime
    created_at: datetime.datetime
    ordinal: int
    key: str
    trace: str
    tier: str = ""
    deadline: datetime.datetime | None = None
    state: str = PENDING
    attempts: int = 0
    next_at: datetime.datetime | None = None
    claimed_by: str = ""
    claimed_until: float = 0.0  # real unix seconds, as every lease
    error: str = ""
    words: str = ""
    group: str = ""  # the failure group's fingerprint
    first_failed_at: datetime.datetime | None = None
    last_failed_at: datetime.datetime | None = None
    delivered_at: datetime.datetime | None = None
    applied_by: datetime.datetime | None = None
    applied_at: datetime.datetime | None = None
    original: int | None = None
    replaced_by: int | None = None
    author: str = ""
    reason: str = ""
    edited: bool = False
    forced: bool = False
    run: int | None = None

    @property
    def lane(self) -> Lane:
        return Lane(self.target, self.subject)

    @property
    def is_open(self) -> bool:
        """Whether the tower still has to do something about it by itself."""
        return self.state in OPEN
