"""Messages become events: each by its system's connector, unusable parts told with the exact place."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import structlog

from controltower.connectors.contract import Envelope, Fault, InvalidMessage, Notice, Translation
from controltower.domain.event import EVENTS_PER_ELEMENT, Event, Position, Recorded, content_id
from controltower.domain.subject import parse_subject
from controltower.domain.value import Value
from controltower.pipeline.tower import Tower
from controltower.store.channel import HOOK, POLL
from controltower.store.message import BY_TRANSLATION, Message, Payload

log = structlog.get_logger(__name__)

Told = TypeVar("Told", Fault, Notice)
# What a poll may say of records besides "new or changed": they are gone, or they are back.
DELETED, RETURNED = "deleted", "returned"
# The channel of webhooks that the tower has asked for again; they are read like those that came by themselves.
REPLAY = "replay"
# That of rows that it has stored because they differed; they are read like those of a poll.
FETCHED = "fetched"
_READ_AS = {REPLAY: HOOK, FETCHED: POLL}
# Keys longer than this fit into no index; a counter beyond 63 bits into no column.
_LONGEST_KEY = 400
_MOST_ATTRIBUTES = 1000
_LARGEST_COUNT = 2**63 - 1


class Translated(NamedTuple):
    """What came out of one message, before it is known which of it was told before."""

    message: Message
    events: Sequence[Recorded]
    faults: Sequence[Fault]
    notices: Sequence[Notice]
    repeat: bool = False  # nothing in it that was not told before
    beats: int = 0
    canaries: Sequence[str] = ()


def translate(tower: Tower, message: Message, payload: Payload) -> Translated:
    """Take the events out of a message. Never raises for what a message holds."""
    if _is_repeat(message, payload):
        return Translated(message, (), (), (), repeat=True)
    try:
        made = _made(tower, message, payload)
        faults = list(made.faults)
        repeats = frozenset(message.duplicates or ())
        events = list(_recorded(tower, message, made.events, repeats, faults))
    except InvalidMessage as invalid:
        return Translated(message, (), [_printed(fault) for fault in invalid.faults], ())
    except Exception as error:  # a connector's own mistake parks the message, and the next one goes on
        log.exception("translation failed", system=message.system, message=message.id)
        failed = Fault(0, "", printable(f"the connector failed: {error!r}"[:300]))
        return Translated(message, (), (failed,), ())
    notices = [_printed(notice) for notice in made.notices]
    return Translated(
        message,
        events,
        [_printed(fault) for fault in faults],
        notices,
        beats=made.beats,
        canaries=made.canaries,
    )


def _printed(told: Told) -> Told:
    # A place names fields as the sender does, with whatever letters.
    return told._replace(pointer=printable(told.pointer), message=printable(told.message))


def printable(text: str) -> str:
    """Text that both databases can hold: a replacement mark for NUL and for halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _is_repeat(message: Message, payload: Payload) -> bool:
    """A second delivery (whose bytes are kept with the first), or one whose every element was told before."""
    if message.original is not None and message.size and not payload.body:
        return True
    return message.elements > 0 and len(message.duplicates or ()) == message.elements


def _made(tower: Tower, message: Message, payload: Payload) -> Translation:
    connector = tower.connectors.get(message.system)
    if connector is None:
        raise InvalidMessage([Fault(0, "", f"system {message.system} is no longer configured")])
    if message.change == DELETED:
        return _deletions(message, payload)
    channel = _READ_AS.get(message.channel, message.channel)
    envelope = Envelope(
        channel, message.resource, payload.headers, payload.body, message.received_at, message.change
    )
    made = connector.translate(envelope)
    if message.change == RETURNED:
        return made._replace(events=[_seen_again(event, message.received_at) for event in made.events])
    return made


def _seen_again(event: Event, at: datetime.datetime) -> Event:
    """What a record says that had been gone: true again from now on, though its own stamp is older."""
    if event.occurred_at >= at:
        return event
    again = content_id("returned", event.source_id, at.isoformat())
    return event._replace(occurred_at=at, occurred_text=at.isoformat(), source_id=again)


def _recorded(
    tower: Tower, message: Message, events: Iterable[Event], repeats: frozenset[int], faults: list[Fault]
) -> Iterable[Recorded]:
    system = tower.landscape.systems[message.system]
    places: dict[int, int] = {}
    for event in events:
        place = places.get(event.element, 0)
        places[event.element] = place + 1
        if event.element in repeats:
            continue
        problem = _unstorable(event) or _foreign(event, system.plants, message.system)
        if problem or place >= EVENTS_PER_ELEMENT:
            faults.append(
                Fault(event.element, f"/{event.element}", problem or "too many events in one element")
            )
            continue
        position = Position(message.id, event.element * EVENTS_PER_ELEMENT + place)
        yield Recorded(event, position, message.received_at, message.channel, event.trace or message.trace)


def _foreign(event: Event, plants: Sequence[str], system: str) -> str:
    if event.system != system:
        return f"speaks for {event.system}"
    return (
        ""
        if event.subject.plant in plants
        else f"plant {event.subject.plant} is none that this system serves"
    )


def _unstorable(event: Event) -> str:
    """What a database cannot hold: NUL and halves of surrogate pairs, overlong keys, counters and lists without end."""
    keys = (str(event.subject), event.source_id, event.type, *event.attributes)
    if any(len(key) > _LONGEST_KEY for key in keys):
        return f"holds a name of more than {_LONGEST_KEY} letters"
    if len(event.attributes) > _MOST_ATTRIBUTES:
        return f"holds more than {_MOST_ATTRIBUTES} attributes"
    if not 0 <= (event.sequence or 0) <= _LARGEST_COUNT:
        return "counts beyond all numbers"
    held = (*event.subject, event.source_id, event.type, event.occurred_text, event.correlation)
    values = [part for value in event.attributes.values() for part in value]
    text = "".join((*held, *values, *event.attributes, *event.refs, *event.refs.values()))
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair"
    return ""


class _Gone(msgspec.Struct):
    native_id: str
    subject: str
    at: str


def _deletions(message: Message, payload: Payload) -> Translation:
    """What a poll found gone; the message is the tower's own note, so its form is known."""
    events = []
    for element, gone in enumerate(msgspec.json.decode(payload.body, type=list[_Gone])):
        subject = parse_subject(gone.subject)
        attributes: Mapping[str, Value] = {"status": Value("cancelled", "", "deleted")}
        at = datetime.datetime.fromisoformat(gone.at)
        identity = content_id("gone", message.resource, gone.native_id, gone.at)
        events.append(
            Event(
                f"{subject.kind}.deleted", subject, message.system, identity, at, gone.at,
                attributes if subject.kind in ("order", "operation", "purchase") else {},
                {"native_id": gone.native_id}, None, element,
            )
        )  # fmt: skip
    return Translation(events)


def fingerprint(event: Event) -> str:
    """A hash over what an event says, to tell a repeat from a reused id where the door could not."""
    said = content_id(
        event.type, str(event.subject), event.occurred_text, repr(sorted(event.attributes.items()))
    )
    return BY_TRANSLATION + said
