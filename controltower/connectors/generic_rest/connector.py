"""The connector to one system that is mapped in configuration."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from controltower.connectors.contract import Envelope, Identity, Page, Translation
from controltower.connectors.generic_rest import translate as translation
from controltower.connectors.generic_rest.mapping import CompiledMapping
from controltower.connectors.generic_rest.poll import ListPoll
from controltower.connectors.http import Source, auth_of
from controltower.domain.landscape import System

_NO_OVERLAP = datetime.timedelta()


class GenericRestConnector:
    """Polled lists and native webhooks, both read by the system's mapping."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._mapping = CompiledMapping(system.settings.get("mapping") or {}, system)
        url = system.settings.get("url")
        self._source = Source(url, auth_of(system.settings)) if url else None

    def translate(self, envelope: Envelope) -> Translation:
        """The events of a webhook or of a list's changed records; raises InvalidMessage."""
        return translation.translate(self._mapping, self.system.id, envelope)

    def identify(self, envelope: Envelope) -> list[Identity]:
        """The source id and fingerprint of each message of a webhook; raises InvalidMessage."""
        return translation.identify(self._mapping, envelope)

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """The mapped lists, each from its cursor; raises SourceUnavailable."""
        if self._source is None:
            return
        polling = self.system.polling
        wanted = polling.resources if polling and polling.resources else tuple(self._mapping.resources)
        overlap = polling.overlap if polling else _NO_OVERLAP
        for name in wanted:
            resource = self._mapping.resources[name]
            yield from ListPoll(self._source, resource, cursors.get(name, {}), overlap).pages()


def connect(system: System) -> GenericRestConnector:
    """The connector for one system of the landscape. ValueError when its mapping or settings are wrong."""
    return GenericRestConnector(system)
