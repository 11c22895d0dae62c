"""The connector to one system that is mapped in configuration."""

import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controltower.connectors.contract import (
    FAILED,
    UNCLEAR,
    Envelope,
    Identity,
    Outcome,
    Outgoing,
    Page,
    ReadBack,
    SnapshotPage,
    Translation,
)
from controltower.connectors.generic_rest import send_spec
from controltower.connectors.generic_rest import translate as translation
from controltower.connectors.generic_rest.files import FileDrop
from controltower.connectors.generic_rest.mapping import CompiledMapping
from controltower.connectors.generic_rest.poll import ListPoll
from controltower.connectors.generic_rest.send import MappedTarget
from controltower.connectors.generic_rest.snapshot import snapshot_of
from controltower.connectors.http import Source, auth_of
from controltower.connectors.selfreport import SelfReport, SelfReported
from controltower.connectors.target import Target
from controltower.domain import failure
from controltower.domain.landscape import System

_NO_OVERLAP = datetime.timedelta()


class GenericRestConnector(SelfReported):
    """Polled lists and native webhooks, read by the system's mapping; and what is sent, written by it."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._mapping = CompiledMapping(system.settings.get("mapping") or {}, system)
        url = system.settings.get("url")
        self._source = Source(url, auth_of(system.settings)) if url else None
        self._folder = Path(system.settings["folder"]) if system.settings.get("folder") else None
        self.report = SelfReport(system, self._source)
        self._target = _target(system)
        self.idempotent = self._target is not None and self._target.idempotent

    @property
    def clock_ahead(self) -> float | None:
        """What its newest answer said of its clock."""
        return self._source.ahead if self._source else None

    def translate(self, envelope: Envelope) -> Translation:
        """The events of a webhook or of a list's changed records; raises InvalidMessage."""
        return translation.translate(self._mapping, self.system.id, envelope)

    def identify(self, envelope: Envelope) -> list[Identity]:
        """The source id and fingerprint of each message of a webhook; raises InvalidMessage."""
        return translation.identify(self._mapping, envelope)

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """The mapped lists, each from its cursor; raises SourceUnavailable."""
        if self._source is None and self._folder is None:
            return
        polling = self.system.polling
        wanted = polling.resources if polling and polling.resources else tuple(self._mapping.resources)
        overlap = polling.overlap if polling else _NO_OVERLAP
        for name in wanted:
            resource = self._mapping.resources[name]
            if self._folder is not None:
                yield from FileDrop(self._folder, resource, cursors.get(name, {})).pages()
            elif self._source is not None:
                yield from ListPoll(self._source, resource, cursors.get(name, {}), overlap).pages()

    def can_snapshot(self) -> bool:
        """Whether the mapping has lists."""
        return self._source is not None and bool(self._mapping.resources)

    def snapshot(self, since: datetime.datetime | None = None) -> Iterator[SnapshotPage]:
        """What the mapped lists hold now, whatever was read of them before; raises SourceUnavailable."""
        if self._source is not None:
            for resource in self._mapping.resources.values():
                yield from snapshot_of(self._source, resource, since)

    def can_take(self, kind: str) -> bool:
        """Whether the mapping has a [send.<kind>]."""
        return self._target is not None and self._target.can_take(kind)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Say it once, as the mapping has it written."""
        if self._target is None:
            return Outcome(FAILED, failure.UNSENDABLE, "its mapping has no [send], or its settings no url")
        return self._target.send(outgoing)

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether the system holds what was sent, as the mapping has it asked."""
        if self._target is None:
            return ReadBack(UNCLEAR, "its mapping has no [send], or its settings no url")
        return self._target.read_back(outgoing)


def _target(system: System) -> MappedTarget | None:
    """The sending half, where the mapping and the settings have what it needs. Raises ValueError."""
    cases, _ = send_spec.read(system.settings.get("mapping") or {})
    url = system.settings.get("url")
    if not cases or not url:
        return None
    return MappedTarget(cases, system, Target(system, url, auth_of(system.settings)))


def connect(system: System) -> GenericRestConnector:
    """The connector for one system of the landscape. ValueError when its mapping or settings are wrong."""
    return GenericRestConnector(system)
