"""The connector to one frePPLe: its whole lists are read, for it has neither paging nor tombstones."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from requests.auth import HTTPBasicAuth

from controltower.connectors.contract import (
    Envelope,
    Fault,
    Health,
    InvalidMessage,
    Outcome,
    Outgoing,
    Page,
    PolledRecord,
    ReadBack,
    SnapshotPage,
    SourceUnavailable,
    Translation,
)
from controltower.connectors.frepple import translate as translation
from controltower.connectors.frepple.manifest import OPERATION
from controltower.connectors.frepple.operationplan import (
    CLOSED,
    PROPOSED,
    decode_name,
    decode_row,
    fingerprint,
)
from controltower.connectors.frepple.send import Desk
from controltower.connectors.frepple.translate import OPERATIONS, ORDERS, Odd, Site, subject_of
from controltower.connectors.http import Source, read_answer
from controltower.connectors.raw import raw_records
from controltower.connectors.reading import place_of
from controltower.connectors.selfreport import SelfReport
from controltower.domain.landscape import System


class FreppleConnector:
    """Polled, and written to over REST. Change is told by content: `lastmodified` of every row moves with each plan
    run."""

    # A write sets the record to what it says, and is found by the order's own reference: done twice it leaves what
    # it left once.
    idempotent = True

    def __init__(self, system: System) -> None:
        self.system = system
        settings = system.settings
        missing = [name for name in ("url", "user", "password") if not settings.get(name)]
        if missing:
            raise ValueError(f"settings of {system.id} lack {', '.join(missing)}")
        # Basic and nothing else: a bearer token starts frePPLe's engine, and answers a redirect once expired.
        auth = HTTPBasicAuth(str(settings["user"]).encode(), str(settings["password"]).encode())
        self._source = Source(settings["url"], auth)
        self._report = SelfReport(system, self._source)
        self._site = Site(system, settings.get("unit") or "EA", _plants(settings.get("plants") or ""))
        self._desk = Desk(self._site, settings["url"], auth, str(settings.get("operation") or OPERATION))

    @property
    def clock_ahead(self) -> float | None:
        """What its newest answer said of its clock."""
        return self._source.ahead

    def translate(self, envelope: Envelope) -> Translation:
        """The snapshots of changed rows; raises InvalidMessage."""
        return translation.translate(self._site, envelope)

    def identify(self, envelope: Envelope) -> None:
        """frePPLe sends no webhooks; raises InvalidMessage for one that claims to be its own."""
        raise InvalidMessage([Fault(0, "", "frePPLe sends no webhooks")])

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """The whole list of orders and of operations, one page each; raises SourceUnavailable."""
        polling = self.system.polling
        wanted = polling.resources if polling and polling.resources else (ORDERS, OPERATIONS)
        for resource in wanted:
            records = self._records(resource)
            yield Page(resource, records, {}, frozenset(record.native_id for record in records))

    def can_snapshot(self) -> bool:
        """Always."""
        return True

    def snapshot(self, since: datetime.datetime | None = None) -> Iterator[SnapshotPage]:
        """Both lists, always whole: their stamps move with each plan run; raises SourceUnavailable."""
        for resource, kind in ((ORDERS, "order"), (OPERATIONS, "operation")):
            yield SnapshotPage(resource, self._records(resource), covers=frozenset([kind]))

    def can_probe(self) -> bool:
        """Whether the settings name a health page; frePPLe itself has none, what stands before it may."""
        return self._report.has_health

    def probe(self) -> Health:
        """How it is. Raises SourceUnavailable."""
        return self._report.probe()

    def can_take(self, kind: str) -> bool:
        """Orders and operations."""
        return self._desk.can_take(kind)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Make or change an order, or book the progress of an operation."""
        return self._desk.send(outgoing)

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether the record shows what was sent."""
        return self._desk.read_back(outgoing)

    def _records(self, resource: str) -> list[PolledRecord]:
        answer = self._source.get(f"/api/input/{resource}/", {"format": "json"})
        rows = (self._record(resource, raw) for raw in read_answer(raw_records, answer))
        return [record for record in rows if record is not None]

    def _record(self, resource: str, raw: bytes) -> PolledRecord | None:
        """One row as polled; None for a proposed one: the next plan run gives its reference to another order."""
        try:
            name, content = decode_name(raw), fingerprint(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            place, message = place_of(error)
            raise SourceUnavailable(
                "contract", f"a row of {resource} is no order at {place}: {message}"
            ) from None
        if name.status == PROPOSED:
            return None
        # A closed order's row goes with the next plan run: that is frePPLe tidying up, and nothing was deleted.
        subject = "" if name.status == CLOSED else self._subject(resource, raw)
        return PolledRecord(name.reference, raw, subject, content)

    def _subject(self, resource: str, raw: bytes) -> str:
        try:
            return str(subject_of(self._site, resource, decode_row(raw)))
        except (msgspec.MsgspecError, ValueError, RecursionError, Odd):
            return ""  # the translation tells the fault with its place


def _plants(given: Any) -> dict[str, str]:
    """Location to plant, from a table or from text such as `factory 1=LYON, factory 2=GRAZ`."""
    if isinstance(given, Mapping):
        return {str(location): str(plant) for location, plant in given.items()}
    pairs = (pair.partition("=") for pair in str(given).split(",") if "=" in pair)
    return {location.strip(): plant.strip() for location, _, plant in pairs}


def connect(system: System) -> FreppleConnector:
    """The connector for one system of the landscape. ValueError when a setting is missing."""
    return FreppleConnector(system)
