"""Which facts the tower carries from one role's systems to another's, and how it behaves when that fails."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from controltower.domain.belief import Belief
from controltower.domain.event import Event
from controltower.domain.expectation import Sign

# `latest`: a newer delivery supersedes an older one that is stuck. `every`: each one counts and is sent.
LATEST, EVERY = "latest", "every"


@dataclass(frozen=True)
class Route:
    """A declared way that the tower itself serves.

    `when`: signs of the source, any of which makes a delivery. `take`: the attributes that are carried, each with
    its owner's present value where an owner is declared, else the source's. `needs`: attributes without which
    nothing is sent; the lack becomes an exception. `fixed`: values that the target always gets. `locked`: attributes
    that nobody may edit in a resubmission. `applied`: what the target shows once it has applied it; where None, its
    own values of the carried attributes. `waits_behind_dead`: later deliveries of a subject wait behind its dead one.
    """

    name: str
    title: str
    source: str  # role
    target: str  # role
    kind: str
    when: tuple[Sign, ...]
    take: tuple[str, ...]
    needs: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    keep: str = LATEST
    waits_behind_dead: bool = False
    tier: str = ""
    team: str = ""
    locked: tuple[str, ...] = ()
    deliver_within: datetime.timedelta = datetime.timedelta(hours=1)
    apply_within: datetime.timedelta | None = datetime.timedelta(hours=1)
    applied: Sign | None = None
    # Nothing goes by itself: the systems tell each other, and the tower carries only what a person has resynced.
    on_demand: bool = False

    def takes(self, role: str, event: Event, moves: list[Belief]) -> bool:
        """Whether an event of a system of `role`, which moved some beliefs, is to be carried."""
        if self.on_demand or role != self.source or event.subject.kind != self.kind:
            return False
        if any(sign.shown_by_type(role, event.type) for sign in self.when):
            return True
        return any(
            sign.shown_by_move(role, moved.attribute, moved.value) for sign in self.when for moved in moves
        )
