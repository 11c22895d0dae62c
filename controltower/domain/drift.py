"""An owner and a follower disagree: opened at the owner's change, closed when they agree again."""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from controltower.domain.belief import Belief
from controltower.domain.event import Position, event_id
from controltower.domain.landscape import Follower
from controltower.domain.subject import Subject
from controltower.domain.value import Value

# Within its allowance a disagreement is only settling; past it, it is drift that somebody must look at.
SETTLING, OPEN, CLOSED = "settling", "open", "closed"


class Drift(NamedTuple):
    """One disagreement about one attribute between its owner and one follower.

    `opened_at`: when it began there (the source's time, never later than we learnt of it). `allowed_until`: when
    the follower should have agreed. `closed_at`: when the tower learnt that they agree again. `lag`: seconds
    between the owner's change and the follower's.
    """

    id: str
    subject: Subject
    attribute: str
    owner: str
    follower: str
    owner_value: Value
    follower_value: Value
    opened_at: datetime.datetime
    learnt_at: datetime.datetime
    allowed_until: datetime.datetime
    opened_by: Position
    state: str = SETTLING
    closed_at: datetime.datetime | None = None
    closed_by: Position | None = None
    lag: float | None = None
    cause: str = "in-flight"
    why: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()

    @property
    def alarmed(self) -> bool:
        """Whether it outlived its allowance."""
        return self.state == OPEN or (self.closed_at is not None and self.closed_at > self.allowed_until)


def opened(subject: Subject, owner: Belief, follower: Belief, moved: Belief, terms: Follower) -> Drift:
    """A new drift, caused by the belief that has just `moved` (the owner's or the follower's)."""
    position = moved.position
    identity = event_id(
        follower.system, f"{subject}\n{moved.attribute}\n{owner.system}\n{position.message}.{position.n}"
    )
    return Drift(
        identity, subject, owner.attribute, owner.system, follower.system, owner.value, follower.value,
        min(moved.since, moved.learnt_at), moved.learnt_at, moved.learnt_at + terms.within, position,
    )  # fmt: skip


def moved_on(drift: Drift, owner: Belief, follower: Belief, moved: Belief, terms: Follower) -> Drift:
    """The same drift after one side moved again without agreeing.

    While it is still settling, a new word of the owner gives the follower its whole time anew.
    """
    until = drift.allowed_until
    if moved.system == drift.owner and moved.learnt_at <= until:
        until = moved.learnt_at + terms.within
    return drift._replace(owner_value=owner.value, follower_value=follower.value, allowed_until=until)


def closed(drift: Drift, owner: Belief, follower: Belief, moved: Belief) -> Drift:
    """The drift after both agree again; it keeps the values that they disagreed about."""
    lag = (follower.since - owner.since).total_seconds()
    return drift._replace(state=CLOSED, closed_at=moved.learnt_at, closed_by=moved.position, lag=lag)
