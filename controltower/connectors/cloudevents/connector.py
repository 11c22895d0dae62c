"""The connector to one system that pushes canonical CloudEvents."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from controltower.connectors.cloudevents import identity, snapshot
from controltower.connectors.cloudevents import translate as translation
from controltower.connectors.cloudevents.send import OutgoingHook
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
from controltower.connectors.http import HeaderAuth, Source
from controltower.connectors.selfreport import SelfReport, SelfReported
from controltower.domain import failure
from controltower.domain.landscape import System


class CloudEventsConnector(SelfReported):
    """Hooks in, and hooks out where the system takes them; there is nothing to poll."""

    # The receiver knows a webhook-id that it had before.
    idempotent = True

    def __init__(self, system: System) -> None:
        """Raises ValueError when the settings for sending are wrong."""
        self.system = system
        self._hook = OutgoingHook(system) if system.settings.get("url") else None
        self._interface = _interface(system)
        self.report = SelfReport(system, self._interface)

    def translate(self, envelope: Envelope) -> Translation:
        """The events of a message; raises InvalidMessage."""
        return translation.translate(self.system, envelope)

    def identify(self, envelope: Envelope) -> list[Identity]:
        """The id and fingerprint of each event of a message; raises InvalidMessage."""
        return identity.identify(envelope)

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """Nothing: the system pushes."""
        return iter(())

    def can_snapshot(self) -> bool:
        """Whether the settings name the list of its holdings."""
        return self._interface is not None and bool(self.system.settings.get("holdings"))

    def snapshot(self, since: datetime.datetime | None = None) -> Iterator[SnapshotPage]:
        """What it holds, where its settings say where to ask; raises SourceUnavailable."""
        path = str(self.system.settings.get("holdings") or "")
        if self._interface is not None and path:
            yield from snapshot.pages(self._interface, path, since)

    def can_take(self, kind: str) -> bool:
        """Every kind of subject, where the settings say where to post it."""
        return self._hook is not None

    def send(self, outgoing: Outgoing) -> Outcome:
        """Post the event once, signed."""
        if self._hook is None:
            return Outcome(FAILED, failure.UNSENDABLE, "its settings name no url to post to")
        return self._hook.send(outgoing)

    def read_back(self, outgoing: Outgoing) -> ReadBack:
        """Whether the system had the event, by its status page."""
        return self._hook.read_back(outgoing) if self._hook else ReadBack(UNCLEAR, "its settings name no url")


def _interface(system: System) -> Source | None:
    url, token = system.settings.get("interface"), system.settings.get("interface_token")
    auth = HeaderAuth("Authorization", f"Bearer {token}") if token else None
    return Source(str(url), auth) if url else None


def connect(system: System) -> CloudEventsConnector:
    """The connector for one system of the landscape."""
    return CloudEventsConnector(system)
