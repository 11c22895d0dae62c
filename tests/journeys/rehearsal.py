"""The whole demo moved by hand: the simulated network on real sockets, the tower's web app, the worker's verbs."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from flask import Flask

from controltower import ROOT, create_app
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.landscape_files import load
from controltower.pipeline.deliver import Deliverer
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.poll import poll
from controltower.pipeline.record import record_waiting
from controltower.pipeline.tower import Tower
from controltower.pipeline.watching import watch
from controltower.settings import Settings
from controltower.simulation.credentials import environment_name
from controltower.simulation.landscape import SPECS
from controltower.simulation.links import carried_as
from controltower.simulation.network import Network
from controltower.simulation.servers import SystemServer
from controltower.store import case
from controltower.store.engine import reading
from tests.simulation.conftest import MORNING, environment

MINUTE = datetime.timedelta(minutes=1)
# A poll each two minutes of the plants' time, as in the demo, where a second of ours is a minute of theirs.
POLL_EACH = 2


CARRIED = {"demo": "hybrid", "carried": "all", "tryton": "all"}


class NetworkClock:
    """The tower's clock, reading the network's; `ahead` of it while the network stands still."""

    speed = 60.0

    def __init__(self, network: Network) -> None:
        self._network = network
        self.ahead = datetime.timedelta()

    def now(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._network.world.moment, datetime.UTC) + self.ahead


class Rehearsal:
    """A network and a tower that hear each other over HTTP only; `advance` lets both live."""

    def __init__(self, network: Network, tower: Tower, app: Flask, poll_each: int = POLL_EACH) -> None:
        self.network, self.tower, self.app = network, tower, app
        self._minutes, self._poll_each = 0, poll_each
        self.deliverer = Deliverer(tower, "rehearsal")
        self.since = tower.now()

    def advance(self, minutes: int, plants: bool = True) -> None:
        """Let virtual minutes pass; without the `plants` the network stands still, and goes on from there later."""
        clock = cast("NetworkClock", self.tower.clock)
        for _ in range(minutes):
            clock.ahead += MINUTE
            if plants:
                missed, clock.ahead = clock.ahead, datetime.timedelta()
                self.network.advance(missed)
            self._minutes += 1
            if self._minutes % self._poll_each == 0:
                for system in self.tower.landscape.systems.values():
                    if system.polling and system.id in self.network.systems:
                        poll(self.tower, system.id)
            while record_waiting(self.tower) or self.deliverer.drain(20.0):
                continue
            detect(self.tower, self.since)
            rejudge(self.tower)
            watch(self.tower)

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


def patient(landscape: Landscape, seconds: float) -> Landscape:
    """A landscape whose targets have so many seconds to answer."""
    systems = {
        id: replace(each, sending=replace(each.sending, timeout=seconds)) if each.sending else each
        for id, each in landscape.systems.items()
    }
    return replace(landscape, systems=systems)


class _Door:
    """An address that is known before there is an app behind it."""

    name = "tower"

    def __init__(self) -> None:
        self.app: Flask | None = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        assert self.app is not None, "nobody calls before the network moves"
        return self.app.wsgi_app(environ, start_response)


@contextmanager
def rehearsal(
    folder: Path,
    database_url: str,
    configuration: str = "demo",
    given: Mapping[str, str] | None = None,
    poll_each: int = POLL_EACH,
    patience: float = 5.0,
    **wishes: Any,
) -> Iterator[Rehearsal]:
    """A configuration of the demo, its network made as wished, and a tower on a free port.

    What the environment is `given` stands before what the network says of itself. `patience`: real seconds for which
    the tower waits for an answer to what it has sent."""
    door, environ = _Door(), environment()
    server = SystemServer(door, 0)  # type: ignore[arg-type]
    settled = {"tower_url": server.address, "environ": environ, "begin_at": MORNING, **wishes}
    settled.setdefault("carried", carried_as(CARRIED[configuration]))
    network = Network(folder / "network", **settled)
    network.start()
    server.start()
    for system in SPECS:
        environ[environment_name(system.id, "URL")] = network.world.addresses.get(
            system.id, "http://nobody.test"
        )
    environ["QUALITY_TLS_URL"] = network.world.addresses.get("quality-tls", "http://nobody.test")
    environ |= given or {}
    settings = Settings(database_url, ROOT / "config" / configuration, folder, "a key for tests")
    door.app = create_app(settings, patient(load(settings.config_dir, environ), patience))
    parts: Tower = door.app.extensions["tower"]
    # Every part of the web app shares this object, and all of them must live by the network's time.
    object.__setattr__(parts, "clock", NetworkClock(network))
    made = Rehearsal(network, parts, door.app, poll_each)
    yield made
    made.deliverer.close()
    network.stop()
    server.stop()
    door.app.extensions["intake"].stop()
    parts.engine.dispose()
