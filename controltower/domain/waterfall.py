"""The way of one trace as spans: what came in, what it moved, what went out, and what came of it."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from controltower.domain.delivery import APPLIED, DEAD, DELIVERED, Delivery
from controltower.domain.event import Recorded
from controltower.domain.subject import Subject

# What a span shows. receive: a message came in and waited to be recorded. record: an event moved the ledger.
# deliver: an outgoing message from its writing until the target shows it. wait: it waits for its turn or for the next
# try. send, read-back: a call on the wire. apply: taken by the target, until its own data shows it.
RECEIVE, RECORD, DELIVER, WAIT, SEND, READ_BACK, APPLY = (
    "receive record deliver wait send read-back apply".split()
)
GOOD, BAD, UNSURE, PENDING, GONE = "ok bad warn wait idle".split()
_OUTCOMES = {"delivered": GOOD, "there": GOOD, "failed": BAD, "absent": UNSURE, "began": PENDING}
_STATES = {
    DELIVERED: GOOD,
    APPLIED: GOOD,
    DEAD: BAD,
    "superseded": GONE,
    "cancelled": GONE,
    "resubmitted": GONE,
}
_FAULTY = ("parked", "partly", "rejected")


class Kept(Protocol):
    """A message of the inbox, as far as a trace is concerned."""

    @property
    def id(self) -> int: ...
    @property
    def system(self) -> str: ...
    @property
    def received_at(self) -> datetime.datetime: ...
    @property
    def state(self) -> str: ...
    @property
    def trace(self) -> str: ...


class Tried(Protocol):
    """An attempt at a delivery. `milliseconds`: real time on the wire."""

    @property
    def n(self) -> int: ...
    @property
    def what(self) -> str: ...
    @property
    def began_at(self) -> datetime.datetime: ...
    @property
    def ended_at(self) -> datetime.datetime | None: ...
    @property
    def milliseconds(self) -> float | None: ...
    @property
    def outcome(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def words(self) -> str: ...


class Trail(NamedTuple):
    """What the ledger holds of a trace. `shown`: by delivery, the event by which its target showed it. `cut`: more
    belongs to it than is here."""

    trace: str
    messages: Sequence[Kept]
    events: Sequence[Recorded]
    deliveries: Sequence[Delivery]
    attempts: Mapping[int, Sequence[Tried]]
    shown: Mapping[int, Recorded]
    cut: bool = False


class Span(NamedTuple):
    """One stretch of the way. `end` None: it still goes on. `parent`: the id of the span that it hangs below."""

    id: str
    parent: str
    kind: str
    system: str
    start: datetime.datetime
    end: datetime.datetime | None
    state: str
    trace: str
    words: str = ""
    subject: Subject | None = None
    type: str = ""
    attributes: tuple[str, ...] = ()
    message: int | None = None
    delivery: int | None = None
    attempt: int | None = None
    milliseconds: float | None = None
    depth: int = 0


def spans(trail: Trail) -> list[Span]:
    """The spans of a trail, each below the one that gave rise to it, in the order of time."""
    found = [*_of_messages(trail), *_of_deliveries(trail)]
    return list(_nested(found))


def shown_by(delivery: Delivery, events: Iterable[Recorded]) -> Recorded | None:
    """The event by which the target showed what was delivered: its last word on the subject when that was seen."""
    until = delivery.applied_at
    if until is None:
        return None
    said = [
        each
        for each in events
        if each.event.system == delivery.target
        and each.event.subject == delivery.subject
        and each.learnt_at <= until
    ]
    carried = [each for each in said if each.event.attributes.keys() & delivery.attributes.keys()]
    return max(carried or said, key=lambda each: each.position, default=None)


def _of_messages(trail: Trail) -> Iterator[Span]:
    written = _written(trail.deliveries)
    answered = {
        shown.position.message: f"deliver-{id}"
        for id, shown in trail.shown.items()
        if shown.position.message > _message_of(trail, id)
    }
    for each in trail.messages:
        parent = answered.get(each.id) or _answer_to(trail, each)
        recorded = written.get(each.id, each.received_at)
        state = BAD if each.state in _FAULTY else PENDING if each.state == "received" else GOOD
        end = None if each.state == "received" else recorded
        yield Span(
            f"receive-{each.id}", parent, RECEIVE, each.system, each.received_at, end, state, each.trace,
            words="" if state == GOOD else each.state, message=each.id,
        )  # fmt: skip
        yield from _of_events(
            each, [one for one in trail.events if one.position.message == each.id], recorded
        )


def _message_of(trail: Trail, delivery: int) -> int:
    return next(each.position.message for each in trail.deliveries if each.id == delivery)


def _answer_to(trail: Trail, message: Kept) -> str:
    """The delivery that a system had last taken when it sent a message of the same trace."""
    before = [
        each
        for each in trail.deliveries
        if each.target == message.system
        and each.trace == message.trace
        and each.delivered_at is not None
        and each.delivered_at <= message.received_at
    ]
    return f"deliver-{max(before, key=lambda each: each.id).id}" if before else ""


def _written(deliveries: Iterable[Delivery]) -> dict[int, datetime.datetime]:
    """When messages were recorded, as far as deliveries tell: they are written in the same transaction."""
    found: dict[int, datetime.datetime] = {}
    for each in deliveries:
        if each.original is None and not each.author:
            found[each.position.message] = min(
                each.created_at, found.get(each.position.message, each.created_at)
            )
    return found


def _of_events(message: Kept, events: Sequence[Recorded], recorded: datetime.datetime) -> Iterator[Span]:
    for each in events:
        yield Span(
            f"record-{each.position.message}-{each.position.n}", f"receive-{message.id}", RECORD, each.event.system,
            recorded, recorded, GOOD, each.trace, subject=each.event.subject, type=each.event.type,
            attributes=tuple(each.event.attributes), message=message.id,
        )  # fmt: skip


def _of_deliveries(trail: Trail) -> Iterator[Span]:
    messages = {each.id for each in trail.messages}
    here = {each.id for each in trail.deliveries}
    for each in trail.deliveries:
        attempts = trail.attempts.get(each.id, ())
        message = f"receive-{each.position.message}" if each.position.message in messages else ""
        parent = f"deliver-{each.original}" if each.original in here else message
        yield _whole(each, parent, attempts)
        yield from _tries(each, attempts)
        yield from _applying(each, trail.shown.get(each.id))


def _whole(each: Delivery, parent: str, attempts: Sequence[Tried]) -> Span:
    return Span(
        f"deliver-{each.id}", parent, DELIVER, each.target, each.created_at, _end(each, attempts),
        _STATES.get(each.state, PENDING), each.trace, words=each.state, subject=each.subject, type=each.type,
        attributes=tuple(each.attributes), delivery=each.id, message=each.position.message,
    )  # fmt: skip


def _end(each: Delivery, attempts: Sequence[Tried]) -> datetime.datetime | None:
    if each.is_open or (each.state == DELIVERED and each.applied_by is not None):
        return None
    ended = [tried.ended_at for tried in attempts if tried.ended_at is not None]
    known = [each.applied_at, each.delivered_at, each.last_failed_at, *ended, each.created_at]
    return max(moment for moment in known if moment is not None)


def _tries(each: Delivery, attempts: Sequence[Tried]) -> Iterator[Span]:
    """The attempts and what lies between them."""
    free = each.created_at
    for tried in attempts:
        if tried.began_at > free:
            yield _waiting(
                each, tried.n, free, tried.began_at, "for its turn" if tried.n == 1 else "to try again"
            )
        yield _tried(each, tried)
        free = tried.ended_at or tried.began_at
    if each.is_open and (not attempts or attempts[-1].ended_at is not None):
        words = (
            "for those before it"
            if each.state == "waiting"
            else "to try again"
            if attempts
            else "for its turn"
        )
        yield _waiting(each, len(attempts) + 1, free, None, words)


def _waiting(
    each: Delivery, n: int, start: datetime.datetime, end: datetime.datetime | None, words: str
) -> Span:
    return Span(
        f"wait-{each.id}-{n}", f"deliver-{each.id}", WAIT, each.target, start, end, PENDING, each.trace, words=words,
        delivery=each.id, attempt=n,
    )  # fmt: skip


def _tried(each: Delivery, tried: Tried) -> Span:
    kind = READ_BACK if tried.what == READ_BACK else SEND
    words = " ".join(part for part in (str(tried.status or ""), tried.words) if part) or tried.outcome
    return Span(
        f"{kind}-{each.id}-{tried.n}", f"deliver-{each.id}", kind, each.target, tried.began_at, tried.ended_at,
        _OUTCOMES.get(tried.outcome, UNSURE), each.trace, words=words, delivery=each.id, attempt=tried.n,
        milliseconds=tried.milliseconds,
    )  # fmt: skip


def _applying(each: Delivery, shown: Recorded | None) -> Iterator[Span]:
    if each.delivered_at is None or (each.applied_at is None and each.applied_by is None):
        return
    state = PENDING if each.applied_at is None else GOOD
    yield Span(
        f"apply-{each.id}", f"deliver-{each.id}", APPLY, each.target, each.delivered_at, each.applied_at, state,
        shown.trace if shown else each.trace, delivery=each.id, message=shown.position.message if shown else None,
        type=shown.event.type if shown else "",
    )  # fmt: skip


def _nested(found: Sequence[Span]) -> Iterator[Span]:
    """Depth first, children in the order of time."""
    here = {each.id for each in found}
    below: dict[str, list[Span]] = {}
    for each in found:
        below.setdefault(each.parent if each.parent in here else "", []).append(each)
    seen: set[str] = set()
    stack = [(each, 0) for each in _latest_first(below.get("", []))]
    while stack:
        span, depth = stack.pop()
        if span.id not in seen:
            seen.add(span.id)
            yield span._replace(depth=depth)
            stack += [(each, depth + 1) for each in _latest_first(below.get(span.id, []))]


def _latest_first(found: Iterable[Span]) -> list[Span]:
    rank = (RECEIVE, RECORD, DELIVER, WAIT, SEND, READ_BACK, APPLY).index

    def place(each: Span) -> tuple[datetime.datetime, bool, int, int, str]:
        return each.start, each.attempt is None, each.attempt or 0, rank(each.kind), each.id

    return sorted(found, key=place, reverse=True)
