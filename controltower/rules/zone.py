"""Times that are off by as much as a mistaken time zone makes of them (catalogue 9)."""

import datetime

from controltower.domain.landscape import System
from controltower.rules.sighting import Moment

SUMMER_TIME = datetime.timedelta(hours=1)
# What a message may have been on its way, and what clocks may be apart, beside the hours of a zone.
_ON_THE_WAY, _APART = datetime.timedelta(minutes=4), datetime.timedelta(minutes=1)
_NOTHING = datetime.timedelta()


def misread_by(moment: Moment) -> datetime.timedelta | None:
    """By how much a webhook's times are ahead (or, below zero, behind) if a zone explains it; else None.

    A message from the future says it alone. One from the past may have been held up: only if what its system said of
    the same subject before, at another moment, was as old as this, a zone is to blame.
    """
    event, learnt_at = moment.recorded.event, moment.recorded.learnt_at
    if moment.recorded.channel != "hook":
        return None
    off = _explained(moment, event.occurred_at - learnt_at)
    if off is None or off > _NOTHING or _as_old_before(moment, off):
        return off
    return None


def _explained(moment: Moment, ahead: datetime.timedelta) -> datetime.timedelta | None:
    system = moment.landscape.systems[moment.recorded.event.system]
    offsets = (sign * each for each in _mistakes(system, moment) for sign in (1, -1))
    return next((each for each in offsets if each - _ON_THE_WAY <= ahead <= each + _APART), None)


def _mistakes(system: System, moment: Moment) -> set[datetime.timedelta]:
    """The offsets that come of reading local time as UTC, UTC as local time, or of a forgotten summer time."""
    zones = [system.zone, *(moment.landscape.zone_of(plant) for plant in system.plants)]
    at = moment.recorded.learnt_at
    found = {at.astimezone(zone).utcoffset() for zone in zones}
    return {abs(each) for each in found if each} | {SUMMER_TIME}


def _as_old_before(moment: Moment, off: datetime.timedelta) -> bool:
    before, recorded = moment.before, moment.recorded
    if before is None or recorded.event.occurred_at <= before.occurred_at:
        return False
    at_once = recorded.learnt_at - before.learnt_at < _APART
    return not at_once and _explained(moment, before.occurred_at - before.learnt_at) == off
