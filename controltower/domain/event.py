"""A canonical fact taken out of a message."""

import datetime
import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from controltower.domain.subject import Subject
from controltower.domain.value import Value

# An element of a message yields at most this many events, so that an event's place in its message never shifts.
EVENTS_PER_ELEMENT = 256


class Event(NamedTuple):
    """What happened to what, said by whom.

    `source_id` is the source's own name of the fact (or a hash where it has none); with the system it makes the
    event's identity. `element` counts the parts of the message from 0. Times are aware and in UTC; `occurred_text`
    is the source's own writing. `sequence` counts the system's messages about this subject, where it counts them.
    `trace` is the event's own where it brings one (a batch may hold events of many), else that of its message counts.
    """

    type: str
    subject: Subject
    system: str
    source_id: str
    occurred_at: datetime.datetime
    occurred_text: str
    attributes: Mapping[str, Value]
    refs: Mapping[str, str] = {}
    sequence: int | None = None
    element: int = 0
    correlation: str = ""
    trace: str = ""

    @property
    def id(self) -> str:
        """32 hex letters, derived from the source alone: the same message read twice yields the same event."""
        return event_id(self.system, self.source_id)


class Position(NamedTuple):
    """Where an event stands: its message (time-ordered) and its place in it. Positions order all events."""

    message: int
    n: int


class Recorded(NamedTuple):
    """An event with its place in the inbox, the moment at which the tower learnt it, and by which channel."""

    event: Event
    position: Position
    learnt_at: datetime.datetime
    channel: str = "hook"
    trace: str = ""


def event_id(system: str, source_id: str) -> str:
    """The identity of an event: 128 bits of a hash over system and source id, as hex."""
    return hashlib.blake2b(f"{system}\n{source_id}".encode(), digest_size=16).hexdigest()


def content_id(*parts: str | bytes) -> str:
    """A source id for a fact whose source gives none: a hash over what makes it distinct."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()
