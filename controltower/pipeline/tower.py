"""What every verb works with: the database, the declared landscape, its connectors and the clock."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from controltower.connectors import connect as connect_system
from controltower.connectors.contract import Connector, Sender
from controltower.domain.clock import Clock
from controltower.domain.landscape import Landscape
from controltower.domain.memory import Memory
from controltower.pipeline.witness import NOBODY, Witness


@dataclass(frozen=True)
class Tower:
    """Made once per process and handed to the verbs."""

    engine: Engine
    landscape: Landscape
    connectors: Mapping[str, Connector]
    clock: Clock
    senders: Mapping[str, Sender] = field(default_factory=dict)
    witness: Witness = NOBODY
    # The ledger is being told again: what was made of exceptions when they were new is kept, not made anew.
    retelling: bool = False
    memory: Memory = field(default_factory=Memory)
    # Under which people reach its pages, as messages to them say; and where it keeps files: without a place of its own,
    # as in a rehearsal, it tells nobody of anything.
    address: str = ""
    folder: Path | None = None

    def now(self) -> datetime.datetime:
        """The present moment of the tower's clock, aware UTC."""
        return self.clock.now()


def build(engine: Engine, landscape: Landscape, clock: Clock, witness: Witness = NOBODY) -> Tower:
    """A tower with a connector for each system of its landscape."""
    connectors = {system.id: connect_system(system) for system in landscape.systems.values()}
    senders = {
        id: connector
        for id, connector in connectors.items()
        if landscape.systems[id].sending is not None and isinstance(connector, Sender)
    }
    return Tower(engine, landscape, connectors, clock, senders, witness)
