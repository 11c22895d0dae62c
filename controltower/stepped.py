"""A whole tower moved by hand beside a simulated network: its web part on a real socket, its worker's jobs one by one.

Both live by the network's time, so that a day passes in minutes and the same seed brings the same day."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controltower import ROOT, create_app, demo
from controltower.domain.clock import Clock
from controltower.domain.landscape import Landscape
from controltower.landscape_files import load
from controltower.pipeline.deliver import Deliverer
from controltower.pipeline.poll import poll
from controltower.pipeline.record import record_waiting
from controltower.pipeline.tower import Tower
from controltower.settings import Settings
from controltower.simulation.credentials import environment_name
from controltower.simulation.landscape import SPECS
from controltower.simulation.links import carried_as
from controltower.simulation.network import Network
from controltower.simulation.servers import SystemServer
from controltower.store import engine, user
from controltower.store.engine import writing
from controltower.workers import Chore, chores

SPEED = (
    60.0  # what a second of real time is worth where a schedule of retries or a rest is one of real seconds
)
DRAIN_SECONDS = 20.0
# A poll each two minutes of the plants' time, as in the demo, where a second of ours is a minute of theirs.
POLL_EACH = 2
CARRIED = {"demo": "hybrid", "carried": "all", "files": "hybrid"}


class NetworkClock(Clock):
    """The network's own time, read where it stands."""

    def __init__(self, moment: Callable[[], float]) -> None:
        super().__init__(speed=SPEED)
        self._moment = moment

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._moment(), UTC)


class SteppedTower:
    """`step()` after each virtual minute: read, record, send, look, as a worker does."""

    def __init__(self, tower: Tower, address: str, key: str) -> None:
        self.address, self.key = address, key
        self._tower = tower
        self._deliverer = Deliverer(tower, "stepped")
        self._chores: tuple[Chore, ...] = tuple(chores(tower, tower.now()))
        self._steps = 0

    def step(self) -> None:
        """All that is due at the present moment."""
        self._steps += 1
        if self._steps % POLL_EACH == 0:
            for system in self._tower.landscape.systems.values():
                if system.polling:
                    poll(self._tower, system.id)
        while record_waiting(self._tower) or self._deliverer.drain(DRAIN_SECONDS):
            continue
        for chore in self._chores:
            chore.work()

    def close(self) -> None:
        self._deliverer.close()
        self._tower.engine.dispose()


class _Door:
    """An address that is known before there is an app behind it."""

    name = "tower"
    app: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app.wsgi_app(environ, start_response)


@contextmanager
def stepped(
    folder: Path, database_url: str, configuration: str = "demo", **wishes: Any
) -> Iterator[tuple[Network, SteppedTower]]:
    """A network made as wished and a tower with that configuration, both empty, on free ports of this machine."""
    door = _Door()
    server = SystemServer(door, 0)  # type: ignore[arg-type]
    environ = demo.generated(folder / "secrets.env")
    wishes.setdefault("carried", carried_as(CARRIED[configuration]))
    network = Network(folder / "network", tower_url=server.address, environ=environ, **wishes)
    if configuration == "files":
        environ = {**environ, "SUPPLIERS_FOLDER": str(_drop(folder, network))}
    network.start()
    server.start()
    settings = Settings(database_url, ROOT / "config" / configuration, folder, secrets.token_hex(32))
    engine.upgrade(database_url)
    app = create_app(settings, _landscape(settings, network, environ))
    door.app = app
    tower: Tower = app.extensions["tower"]
    # Every part of the web app shares this object, and all of them must live by the network's time.
    object.__setattr__(tower, "clock", NetworkClock(lambda: network.world.moment))
    try:
        with writing(tower.engine) as connection:
            # A world that was copied knows the examiner who watched it before.
            name = f"examiner {secrets.token_hex(4)}"
            _, key = user.add_key(connection, name=name, roles={"integration", "admin"}, now=tower.now())
        made = SteppedTower(tower, server.address, key)
        yield network, made
    finally:
        network.stop()
        server.stop()
        app.extensions["intake"].stop()
    made.close()


def _drop(folder: Path, network: Network) -> Path:
    """The folder into which the network's suppliers drop their files."""
    drop = network.world.drop = folder / "drop"
    drop.mkdir(exist_ok=True)
    return drop


def _landscape(settings: Settings, network: Network, environ: Mapping[str, str]) -> Landscape:
    nobody = "http://nobody.test"
    addresses = {
        environment_name(spec.id, "URL"): network.world.addresses.get(spec.id, nobody) for spec in SPECS
    }
    addresses["QUALITY_TLS_URL"] = network.world.addresses.get("quality-tls", nobody)
    landscape = load(settings.config_dir, {**environ, **addresses})
    systems = {
        id: replace(each, sending=replace(each.sending, timeout=1.0)) if each.sending else each
        for id, each in landscape.systems.items()
    }
    return replace(landscape, systems=systems)
