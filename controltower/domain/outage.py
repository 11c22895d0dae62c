"""A planned absence of a system: its weekly maintenance, or an outage that a person declared."""

import datetime
from typing import NamedTuple


class Outage(NamedTuple):
    """One that a person declared: from when until when (`until` moves when it is ended early or lasts longer)."""

    system: str
    began_at: datetime.datetime
    until: datetime.datetime
    reason: str
    who: str
    declared_at: datetime.datetime
    ended_by: str = ""
    id: int = 0


class Absence(NamedTuple):
    """A time during which a system is away by plan, and the words for why."""

    began_at: datetime.datetime
    until: datetime.datetime
    words: str
