"""The connector to one Tryton: polls its lists in turn, each from where it was left."""

import datetime
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from controltower.connectors.contract import (
    Envelope,
    Health,
    Identity,
    Outcome,
    Outgoing,
    Page,
    ReadBack,
    SnapshotPage,
    SourceUnavailable,
    Translation,
)
from controltower.connectors.reading import refuse
from controltower.connectors.tryton import records, stock
from controltower.connectors.tryton import translate as translation
from controltower.connectors.tryton.desk import KINDS, Desk
from controltower.connectors.tryton.keyset import Window
from controltower.connectors.tryton.lists import LISTS, PRODUCTION, WORK, RecordList, numbered
from controltower.connectors.tryton.manifest import MANIFEST, SKIP, TELL
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.sending import SendingWire
from controltower.connectors.tryton.session import Refusal, Session, result_of
from controltower.connectors.tryton.wire import PollingWire, SessionEnded, endpoint
from controltower.domain.landscape import System

log = logging.getLogger(__name__)

_Walk = Callable[[Mapping[str, Any]], Iterator[Page]]
_OVERLAP = timedelta(minutes=15)


class TrytonConnector:
    """Polled, for Tryton has no webhooks; written to by its own buttons.

    `skipped` says which lists this Tryton does not have (a module that is not active there), and why.
    """

    # Tryton keeps no keys of messages: what became of a call without an answer is read back.
    idempotent = False

    def __init__(self, system: System) -> None:
        """Raises ValueError that names the setting which is missing or wrong."""
        self.system = system
        self.skipped: dict[str, str] = {}
        self._places = Places(system)
        url, database = _setting(system, "url"), _setting(system, "database")
        login, password = _setting(system, "login"), _setting(system, "password")
        self._wire = PollingWire(url, database)
        self._session = Session(self._wire, login, password)
        wire = SendingWire(system, endpoint(url, database))
        self._desk = Desk(self._places, wire, Session(wire, login, password), _setting(system, "assign"))
        overlap = system.polling.overlap if system.polling else _OVERLAP
        self._window = Window(int(_setting(system, "page_size")), overlap)
        self._walks: dict[str, tuple[set[str], _Walk]] = {
            each.name: (each.models, partial(self._walk_list, each)) for each in _lists(system)
        }
        self._walks[stock.STOCK] = (set(stock.MODELS), self._walk_stock)

    def translate(self, envelope: Envelope) -> Translation:
        """The snapshots of a polled page; raises InvalidMessage."""
        return translation.translate(self._places, envelope)

    def identify(self, envelope: Envelope) -> list[Identity] | None:
        """Refuses every hook: Tryton has none. Raises InvalidMessage."""
        raise refuse("Tryton is polled; it sends no messages")

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """Walk each list from its cursor. Raises SourceUnavailable."""
        wanted = (self.system.polling.resources if self.system.polling else ()) or tuple(self._walks)
        for name in wanted:
            if name not in self._walks:
                raise SourceUnavailable("contract", f"Tryton has no list {name!r}")
            models, walk = self._walks[name]
            try:
                yield from walk(cursors.get(name) or {})
            except Refusal as refusal:
                self._skip_or_raise(name, models, refusal)
            else:
                self.skipped.pop(name, None)

    def can_snapshot(self) -> bool:
        """Always."""
        return True

    def snapshot(self, since: datetime.datetime | None = None) -> Iterator[SnapshotPage]:
        """All lists from their beginning: what they are triggered by tells no time of the whole. Raises
        SourceUnavailable."""
        for page in self.poll({}):
            yield SnapshotPage(page.resource, page.records, covers=frozenset([_KINDS[page.resource]]))

    def can_probe(self) -> bool:
        """Always."""
        return True

    def probe(self) -> Health:
        """Its version, which it tells anybody. Raises SourceUnavailable."""
        try:
            told = result_of(self._wire.at_the_root("common.server.version"))
        except (Refusal, SessionEnded) as refusal:
            raise SourceUnavailable("contract", f"Tryton does not tell its version: {refusal}") from refusal
        return Health(version=str(msgspec.json.decode(told))[:200])

    def can_take(self, kind: str) -> bool:
        """Orders, and the inspections of their lots."""
        return kind in KINDS

    def send(self, outgoing: Outgoing) -> Outcome:
        """Bring an order, or the inspection of its lot, to what is wanted."""
        return self._desk.send(outgoing)

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether Tryton holds what was sent."""
        return self._desk.read_back(outgoing)

    def _walk_list(self, each: Any, cursor: Mapping[str, Any]) -> Iterator[Page]:
        return records.walk(self._session, each, self._places, cursor, self._window)

    def _walk_stock(self, cursor: Mapping[str, Any]) -> Iterator[Page]:
        return stock.walk(self._session, self._places, cursor, self._window)

    def _skip_or_raise(self, name: str, models: set[str], refusal: Refusal) -> None:
        unknown = refusal.kind.strip("'\"")
        if unknown not in models:
            kind = "credentials" if "not allowed" in refusal.words else "contract"
            raise SourceUnavailable(kind, f"Tryton refused to list {name}: {refusal}") from refusal
        if name not in self.skipped:
            log.warning("%s: list %s is skipped, Tryton has no %s", self.system.id, name, unknown)
        self.skipped[name] = f"this Tryton has no {unknown}: its module is not active"


_KINDS = {
    "production": "order",
    "production.work": "operation",
    "purchase.line": "purchase",
    "quality.inspection": "inspection",
    "stock": "stock",
}


def _lists(system: System) -> Sequence[RecordList]:
    wish = _setting(system, "unnumbered")
    if wish not in (TELL, SKIP):
        raise ValueError(f"setting unnumbered of {system.id} must be {TELL} or {SKIP}")
    if wish == TELL:
        return LISTS
    return [numbered(each) if each in (PRODUCTION, WORK) else each for each in LISTS]


def _setting(system: System, name: str) -> str:
    declared = next(field for field in MANIFEST.fields if field.name == name)
    value = str(system.settings.get(name) or declared.default)
    if not value and declared.required:
        raise ValueError(f"setting {name} of {system.id} is missing: {declared.label}")
    return value


def connect(system: System) -> TrytonConnector:
    """The connector for one system of the landscape. Raises ValueError."""
    return TrytonConnector(system)
