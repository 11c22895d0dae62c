"""The whole demo moved by hand: the simulated network on real sockets, the tower's web app, the worker's verbs."""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from controltower import ROOT, create_app
from controltower.domain.exception import Case
from controltower.landscape_files import load
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.poll import poll
from controltower.pipeline.record import record_waiting
from controltower.pipeline.tower import Tower
from controltower.settings import Settings
from controltower.simulation.credentials import environment_name
from controltower.simulation.network import Network
from controltower.simulation.servers import SystemServer
from controltower.store import case
from controltower.store.engine import reading
from tests.simulation.conftest import MORNING, environment

MINUTE = datetime.timedelta(minutes=1)
# A poll each two minutes of the plants' time, as in the demo, where a second of ours is a minute of theirs.
POLL_EACH = 2


class NetworkClock:
    """The tower's clock, reading the network's."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._network.world.moment, datetime.UTC)


class Rehearsal:
    """A network and a tower that hear each other over HTTP only; `advance` lets both live."""

    def __init__(self, network: Network, tower: Tower) -> None:
        self.network, self.tower = network, tower
        self._minutes = 0
        self.since = tower.now()

    def advance(self, minutes: int) -> None:
        """Let virtual minutes pass."""
        for _ in range(minutes):
            self.network.advance(MINUTE)
            self._minutes += 1
            if self._minutes % POLL_EACH == 0:
                for system in self.tower.landscape.systems.values():
                    if system.polling:
                        poll(self.tower, system.id)
            while record_waiting(self.tower):
                continue
            detect(self.tower, self.since)
            rejudge(self.tower)

    def until(self, rules: Sequence[str], minutes: int = 180) -> list[Case]:
        """Let time pass until an exception of one of the rules is open; none if it never was."""
        for _ in range(minutes):
            self.advance(1)
            found = [each for each in self.exceptions() if each.rule in rules]
            if found:
                return found
        return []

    def exceptions(self, state: str = "open") -> list[Case]:
        """What the tower says is wrong (or was)."""
        with reading(self.tower.engine) as connection:
            return case.listing(connection, state=state, limit=500)


class _Door:
    """An address that is known before there is an app behind it."""

    name = "tower"

    def __init__(self) -> None:
        self.app: Flask | None = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        assert self.app is not None, "nobody calls before the network moves"
        return self.app.wsgi_app(environ, start_response)


@contextmanager
def rehearsal(folder: Path, database_url: str) -> Iterator[Rehearsal]:
    """The demo's configuration, its network, and a tower on a free port."""
    door, environ = _Door(), environment()
    server = SystemServer(door, 0)  # type: ignore[arg-type]
    network = Network(folder / "network", tower_url=server.address, environ=environ, begin_at=MORNING)
    network.start()
    server.start()
    for system, address in network.world.addresses.items():
        environ[environment_name(system, "URL")] = address
    settings = Settings(database_url, ROOT / "config" / "demo", folder, "a key for tests")
    door.app = create_app(settings, load(settings.config_dir, environ))
    parts: Tower = door.app.extensions["tower"]
    # Every part of the web app shares this object, and all of them must live by the network's time.
    object.__setattr__(parts, "clock", NetworkClock(network))
    yield Rehearsal(network, parts)
    network.stop()
    server.stop()
    door.app.extensions["intake"].stop()
    parts.engine.dispose()
