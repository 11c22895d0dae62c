"""The contract of a connector: all that the tower knows about one product, behind a handful of doors."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from controltower.domain.event import Event
from controltower.domain.landscape import System
from controltower.domain.subject import Subject
from controltower.domain.value import Value


class Field(NamedTuple):
    """One setting of a connector, as the configuration check and the settings page show it."""

    name: str
    label: str
    required: bool = False
    secret: bool = False
    default: str = ""


@dataclass(frozen=True)
class Manifest:
    """What a product's connector declares of itself.

    `statuses`: kind -> native status -> canonical status. `unmapped`: native statuses left out on purpose.
    `emits`: every event type that its fixtures yield. `channels`: of "hook", "poll". `content_types`: what its
    hook takes. `sends`: whether it has the sending half (`Sender`). `read_back`: whether an unknown outcome can be read
    back.
    """

    name: str
    title: str
    roles: frozenset[str]
    channels: tuple[str, ...]
    fields: tuple[Field, ...]
    emits: frozenset[str]
    statuses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unmapped: frozenset[str] = frozenset()
    content_types: tuple[str, ...] = ("application/json",)
    sends: bool = False
    read_back: bool = False


class Envelope(NamedTuple):
    """A message as it came. A poll's body is a JSON array of the changed records, each byte for byte as received."""

    channel: str  # "hook" or "poll"
    resource: str  # "" for a hook, else the polled list, such as "production"
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    received_at: datetime.datetime
    # Of a poll: "deleted" (the tower's own note of what is gone) or "returned" (it had been gone).
    change: str = ""


UNMAPPED = "unmapped"
# It came from another installation than the declared one.
FOREIGN = "wrong-instance"


class Fault(NamedTuple):
    """Why one element of a message cannot be used, and the exact place (RFC 6901 pointer from the message's root).

    `code`: "wrong-instance" where somebody else speaks for the system, "unmapped" where the mapping lacks a name of the
    source's, else "". `about`: `<kind>/<key>` of an element that is a whole record, where that could be read: the
    record told again later makes up for it."""

    element: int
    pointer: str
    message: str
    code: str = ""
    about: str = ""


class Notice(NamedTuple):
    """Something odd that does not stop an event: `unknown-field`, `missing-field`, `unknown-status`, `dst-hour` ..."""

    kind: str
    pointer: str
    message: str
    element: int = 0


class Translation(NamedTuple):
    """What came out of a message: good events, faulty elements, and oddities."""

    events: Sequence[Event]
    faults: Sequence[Fault] = ()
    notices: Sequence[Notice] = ()
    # How many heartbeats it held: they say that the source is alive, and nothing of any subject.
    beats: int = 0
    # The ids of the tower's canaries that it brought back.
    canaries: Sequence[str] = ()


class Identity(NamedTuple):
    """The source id of one element and a fingerprint of its content, read at the door to tell duplicates; and the
    trace that it brings along, if any."""

    source_id: str
    fingerprint: str
    trace: str = ""


class InvalidMessage(Exception):
    """The whole message breaks the contract; `faults` hold the places."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in faults[:5]))
        self.faults = tuple(faults)


class SourceUnavailable(Exception):
    """A polled system did not answer as it should.

    `kind`: "down", "timeout", "refused" (5xx), "throttled" (429), "credentials" (401, 403), "removed" (404, 410),
    "contract" (an answer that we cannot read or believe).
    `retry_after`: seconds that the system asked us to wait. `status`: of HTTP, 0 where no answer came.
    """

    def __init__(self, kind: str, message: str, retry_after: float | None = None, status: int = 0) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after
        self.status = status


class PolledRecord(NamedTuple):
    """One record of a polled list: its native id, its exact bytes, and the subject it is about (for deletions)."""

    native_id: str
    body: bytes
    subject: str = ""
    # What to compare with the last look; the bytes themselves where a product has no field that lies.
    fingerprint: bytes = b""


class Page(NamedTuple):
    """One page of a poll.

    `cursor` is the resource's watermark once this page is stored. `everything`: on the last page of a complete
    list, the native ids of all that the source holds now, so that what is gone can be told; None elsewhere. `still`:
    on the last page of a walk under which the list did not move. `doubt`: why the walk cannot be relied upon, as the
    kind and the words of a SourceUnavailable; what it brought is good all the same.
    """

    resource: str
    records: Sequence[PolledRecord]
    cursor: Mapping[str, Any]
    everything: frozenset[str] | None = None
    still: bool = False
    doubt: tuple[str, str] | None = None


class Connector(Protocol):
    """One connected system. Made once per process and system; methods may be called from several threads."""

    system: System

    def translate(self, envelope: Envelope) -> Translation:
        """Bytes in, canonical events out. Pure. Raises InvalidMessage and nothing else."""
        ...

    def identify(self, envelope: Envelope) -> list[Identity] | None:
        """What a hook's message holds, cheaply, before it is stored; None where that needs the whole translation.

        Raises InvalidMessage when the envelope breaks the contract as a whole."""
        ...

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """Walk each polled list from its cursor (resource -> cursor; {} at first). Raises SourceUnavailable."""
        ...


@runtime_checkable
class Clocked(Protocol):
    """Hears what time its system has: the seconds by which that is ahead of ours, None until it spoke."""

    @property
    def clock_ahead(self) -> float | None:
        """Of its newest answer."""
        ...


class Outgoing(NamedTuple):
    """One message to be sent, in canonical form; the connector writes it in the product's dialect.

    `key`: the idempotency key, the same at every attempt and after a resubmission of the same content. `type`: the
    event type that gave rise to it. `attributes`: canonical values by name; `refs`: other names of the subject, such
    as `order`, `item`, `native_id`. `ordinal` grows along the deliveries about one subject to one system.
    """

    key: str
    type: str
    subject: Subject
    attributes: Mapping[str, Value]
    refs: Mapping[str, str]
    source: str
    occurred_at: datetime.datetime
    ordinal: int
    traceparent: str = ""


# How a sending can end. `delivered`: the target took it (2xx, or its own words for "I have that already").
# `failed`: it did not take it, `error` (domain.failure) says why. `unknown`: sent, and nobody knows.
TAKEN, FAILED, UNSURE = "delivered", "failed", "unknown"


class Outcome(NamedTuple):
    """What came of one sending. `request` and `response`: the bytes on the wire, headers with secrets left out."""

    kind: str
    error: str = ""
    words: str = ""
    status: int = 0
    retry_after: float | None = None
    request: bytes = b""
    response: bytes = b""


# What a target shows when it is read back after an unknown outcome.
THERE, ABSENT, UNCLEAR = "there", "absent", "unclear"


class ReadBack(NamedTuple):
    """Whether an unknown outcome happened: `there` (it was done), `absent` (it was not), `unclear` (cannot be told
    now; ask again later). `words`: what was seen."""

    kind: str
    words: str = ""
    request: bytes = b""
    response: bytes = b""


@runtime_checkable
class Sender(Protocol):
    """The sending half of a connector. Methods may be called from several threads and never raise."""

    system: System
    # Whether the target itself recognises the key of a message that it has had before. Then an unknown outcome may
    # simply be sent again; else it is read back first.
    idempotent: bool

    def can_take(self, kind: str) -> bool:
        """Whether messages about a kind of subject can be written for this system."""
        ...

    def send(self, outgoing: Outgoing) -> Outcome:
        """Say it to the target once. No retries here: the deliver verb decides."""
        ...

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether the target holds what was sent."""
        ...


# ---- what a source can be asked beyond its news; each half is optional ----------------------------------------------


class SnapshotPage(NamedTuple):
    """Some of what a source holds now, record by record as it was received.

    `resource` and `headers` are those under which the connector translates the records as a polled message.
    `covers`: the kinds of subjects of which the whole snapshot tells everything since its beginning."""

    resource: str
    records: Sequence[PolledRecord]
    headers: Mapping[str, str] = {"content-type": "application/json"}
    covers: frozenset[str] = frozenset()


@runtime_checkable
class Snapshotter(Protocol):
    """Tells what a source holds now."""

    def can_snapshot(self) -> bool:
        """Whether the settings say where to ask."""
        ...

    def snapshot(self, since: datetime.datetime | None = None) -> Iterator[SnapshotPage]:
        """All that it holds, or what has changed there since a moment by its own stamps. Raises SourceUnavailable."""
        ...


class Replayed(NamedTuple):
    """A webhook given again: its headers (names in lower case) and bytes as they were first sent."""

    headers: Mapping[str, str]
    body: bytes


@runtime_checkable
class Replayer(Protocol):
    """Gives again what a system has sent, under the ids that it had: what came through then is a repeat now."""

    def can_replay(self) -> bool:
        """Whether the settings say where to ask."""
        ...

    def replay(self, since: datetime.datetime, until: datetime.datetime) -> Iterator[Replayed]:
        """The webhooks of a time range, oldest first. Raises SourceUnavailable."""
        ...


class Subscription(NamedTuple):
    """What a system has noted down about sending us its webhooks."""

    id: str
    url: str
    active: bool = True
    expires_at: datetime.datetime | None = None
    last_error: str = ""


@runtime_checkable
class Subscriber(Protocol):
    """Sees and renews the subscriptions by which a system sends its webhooks."""

    def can_subscribe(self) -> bool:
        """Whether the settings say where to ask."""
        ...

    def subscriptions(self) -> Sequence[Subscription]:
        """Those it has for us. Raises SourceUnavailable."""
        ...

    def renew(self) -> Subscription:
        """Ask for the webhooks anew. Raises SourceUnavailable."""
        ...


class Health(NamedTuple):
    """What a system says of itself; "" and None for what it does not say. `settings` is a hash over its settings."""

    version: str = ""
    environment: str = ""
    instance: str = ""
    clock: datetime.datetime | None = None
    credential_expires_at: datetime.datetime | None = None
    certificate_expires_at: datetime.datetime | None = None
    settings: str = ""


@runtime_checkable
class Probed(Protocol):
    """Says how it is, when asked."""

    def can_probe(self) -> bool:
        """Whether the settings say where to ask."""
        ...

    def probe(self) -> Health:
        """Ask it. Raises SourceUnavailable."""
        ...
