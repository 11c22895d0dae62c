"""The connector to one system that pushes canonical CloudEvents."""

from collections.abc import Iterator, Mapping
from typing import Any

from controltower.connectors.cloudevents import identity
from controltower.connectors.cloudevents import translate as translation
from controltower.connectors.contract import Envelope, Identity, Page, Translation
from controltower.domain.landscape import System


class CloudEventsConnector:
    """Hooks only: there is nothing to poll."""

    def __init__(self, system: System) -> None:
        self.system = system

    def translate(self, envelope: Envelope) -> Translation:
        """The events of a message; raises InvalidMessage."""
        return translation.translate(self.system, envelope)

    def identify(self, envelope: Envelope) -> list[Identity]:
        """The id and fingerprint of each event of a message; raises InvalidMessage."""
        return identity.identify(envelope)

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        """Nothing: the system pushes."""
        return iter(())


def connect(system: System) -> CloudEventsConnector:
    """The connector for one system of the landscape."""
    return CloudEventsConnector(system)
