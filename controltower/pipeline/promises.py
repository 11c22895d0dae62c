"""What the service tier of an exception promises, in working time: the one place where its due times are reckoned."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from controltower.domain.calendar import Calendar
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape, Tier
from controltower.store.case import ACKNOWLEDGE, REOPEN, Action


class Promises(NamedTuple):
    """Until when an exception must be acknowledged and resolved. `since`: when its present life began."""

    tier: Tier
    calendar: Calendar
    since: datetime.datetime
    acknowledged: bool

    @property
    def acknowledge_by(self) -> datetime.datetime:
        return self.calendar.within(self.since, self.tier.acknowledge_within)

    @property
    def resolve_by(self) -> datetime.datetime:
        return self.calendar.within(self.since, self.tier.resolve_within)

    @property
    def due_at(self) -> datetime.datetime:
        """The next one: to acknowledge while nobody has, then to resolve."""
        return self.resolve_by if self.acknowledged else self.acknowledge_by

    def again(self, times: int) -> datetime.datetime:
        """When it has lasted so many times longer than it should have."""
        return self.calendar.within(self.since, self.tier.resolve_within * (times + 1))


def promises(case: Case, actions: Sequence[Action], landscape: Landscape) -> Promises | None:
    """The promises about an exception, given what people did about it; None where its tier is not declared.

    One that was opened again, or that stands by itself only now, has them anew."""
    tier = landscape.tiers.get(case.tier)
    if tier is None:
        return None
    opened = max([case.stands_since, *(each.at for each in actions if each.action == REOPEN)])
    acknowledged = any(each.action == ACKNOWLEDGE and each.at >= opened for each in actions)
    return Promises(tier, landscape.calendar(tier.calendar, plant_of(case, landscape)), opened, acknowledged)


def plant_of(case: Case, landscape: Landscape) -> str:
    """The plant that an exception is about: its subject's, else the only one that its system serves; "" for many."""
    if case.subject is not None:
        return case.subject.plant
    plants = landscape.system(case.system).plants
    return plants[0] if len(plants) == 1 else ""
