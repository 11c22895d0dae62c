"""One log of both ways: what came in and what goes out, newest first, narrowed as one asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from controltower.domain import delivery as states
from controltower.domain.delivery import Delivery
from controltower.domain.landscape import ANY_PLANT
from controltower.store import event as events
from controltower.store import message as inbox
from controltower.store import outbox
from controltower.store.message import FAULTY, RECEIVED, Message
from controltower.web.tower import reading, tower

IN, OUT = "in", "out"
IN_STATES = (RECEIVED, inbox.RECORDED, inbox.DUPLICATE, inbox.PARKED, inbox.PARTLY, inbox.REJECTED)
# What names several states of either way: what a person must mend, and what is still on its way.
NEEDS_A_PERSON, UNDER_WAY = "faulty", "open"
# A text is looked for in so many messages at once, and in so many a page at most.
_PORTION, _SCANNED = 200, 2000


@dataclass(frozen=True)
class Asked:
    """What of the log is wanted; empty or None asks for nothing in particular.

    `plant` also shows what came for no plant in particular. `before` is the id that a page goes on below."""

    way: str = ""
    system: str = ""
    state: str = ""
    channel: str = ""
    plant: str = ""
    order: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the log: a message that came in, or a delivery."""

    message: Message | None = None
    delivery: Delivery | None = None

    @property
    def id(self) -> int:
        return self.message.id if self.message else self.delivery.id if self.delivery else 0

    @property
    def way(self) -> str:
        return IN if self.message else OUT

    @property
    def system(self) -> str:
        """Who sent it, or to whom it goes."""
        return self.message.system if self.message else self.delivery.target if self.delivery else ""

    @property
    def at(self) -> datetime:
        """When it came in, or when there was reason to send it."""
        if self.message:
            return self.message.received_at
        assert self.delivery is not None
        return self.delivery.created_at

    @property
    def state(self) -> str:
        return self.message.state if self.message else self.delivery.state if self.delivery else ""


def page(asked: Asked, limit: int) -> tuple[list[Entry], int | None]:
    """At most `limit` entries and the id to go on below; None at the end of the log.

    Where a text is looked for, a page may end early, so that it costs no more than another."""
    found: list[Entry] = []
    since = asked.since
    scanned, size = 0, limit + 1 if not asked.text else _PORTION
    while scanned < _SCANNED:
        portion = _portion(asked, size)
        scanned += len(portion)
        # The log is read from the newest down, so the period ends it instead of searching all that there is.
        recent = list(takewhile(lambda each: since is None or each.at >= since, portion))
        found += _holding(recent, asked.text)
        if len(found) > limit:
            return found[:limit], found[limit - 1].id
        if len(recent) < size:
            return found, None
        asked = replace(asked, before=portion[-1].id)
    return found, asked.before


def _portion(asked: Asked, size: int) -> list[Entry]:
    """The newest entries that pass every filter but the text."""
    found = _about_order(asked) if asked.order else [*_came_in(asked, size), *_goes_out(asked, size)]
    return sorted(found, key=lambda each: each.id, reverse=True)[:size]


def _came_in(asked: Asked, size: int) -> Iterator[Entry]:
    if not _wants(asked, IN):
        return
    for each in inbox.listing(
        reading(),
        system=asked.system,
        state=RECEIVED if asked.state == UNDER_WAY else asked.state,
        channel=asked.channel,
        plants=(asked.plant, ANY_PLANT) if asked.plant else (),
        before=asked.before,
        until=asked.until,
        limit=size,
    ):
        yield Entry(message=each)


def _goes_out(asked: Asked, size: int) -> Iterator[Entry]:
    if not _wants(asked, OUT):
        return
    for each in outbox.listing(
        reading(),
        states=_named(asked.state)[1],
        target=asked.system,
        plants=(asked.plant,) if asked.plant else (),
        before=asked.before,
        until=asked.until,
        limit=size,
    ):
        yield Entry(delivery=each)


def _wants(asked: Asked, way: str) -> bool:
    """Whether anything of a way can pass the filters."""
    if asked.way not in ("", way) or (way == OUT and asked.channel):
        return False
    return not asked.state or bool(_named(asked.state)[way == OUT])


def _named(state: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The states of either way that a word names: (of what came in, of what goes out)."""
    if state == NEEDS_A_PERSON:
        return FAULTY, (states.DEAD,)
    if state == UNDER_WAY:
        return (RECEIVED,), states.OPEN
    return (state,) * (state in IN_STATES), (state,) * (state in states.STATES)


def _about_order(asked: Asked) -> list[Entry]:
    """What was said about an order by anybody, and told to anybody, as far as it passes the filters."""
    found: list[Entry] = []
    for plant in [asked.plant] if asked.plant else tower().landscape.plants:
        told = {each.position.message for each in events.of_order(reading(), plant, asked.order)}
        found += [Entry(message=each) for each in inbox.by_ids(reading(), sorted(told)).values()]
        found += [Entry(delivery=each) for each in outbox.of_order(reading(), plant, asked.order)]
    return [each for each in found if _passes(each, asked)]


def _passes(each: Entry, asked: Asked) -> bool:
    terms = (
        asked.before is None or each.id < asked.before,
        asked.until is None or each.at < asked.until,
        not asked.system or each.system == asked.system,
        not asked.channel or (each.message is not None and each.message.channel == asked.channel),
        not asked.state or each.state in _named(asked.state)[each.way == OUT],
    )
    return _wants(asked, each.way) and all(terms)


def _holding(found: Sequence[Entry], text: str) -> list[Entry]:
    """Those of some entries whose content holds a text, as it is written."""
    if not text:
        return list(found)
    bodies = inbox.holding(reading(), [each.id for each in found if each.message], text.encode())
    return [each for each in found if each.id in bodies or (each.delivery and _says(each.delivery, text))]


def _says(each: Delivery, text: str) -> bool:
    """Whether a delivery holds a text: in what it is about, what it carries, its key, or its target's words."""
    carried = (part for value in each.attributes.values() for part in value)
    return any(
        text in part for part in (str(each.subject), each.key, each.words, *carried, *each.refs.values())
    )
