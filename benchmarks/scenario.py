"""`python -m benchmarks.scenario`: the seed scenario on real processes, from customer orders to posted production.

The simulated network runs here, on real sockets; the tower runs as an operator runs it, in processes of its own. With
`--erp tryton` the ERP is a real Tryton and time is real. `--trouble`: the scheduler is down, a MES refuses everything,
the ERP answers 429 and 500 by turns and stays silent after writing; then a person (this script, through the API) sends
the dead letters again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from benchmarks.databases import KINDS, SQLITE, fresh
from benchmarks.erps import Books, beside_tryton
from benchmarks.story import Outcome, Plot, Story
from benchmarks.towers import ROOT, free_port, serves, wait_for
from controltower.demo import EVERYTHING, SIMULATED, TRYTON, Demo, generated, upper
from controltower.simulation.links import carried_as
from controltower.simulation.network import Network
from controltower.simulation.world import Pace
from controltower.store import user
from controltower.store.engine import connect, upgrade, writing

START_SECONDS = 120.0
# How long work takes: a few minutes of ours, in the fast clock of the simulated ERP as in Tryton's real time.
LENGTHS = {SIMULATED: 0.25, TRYTON: 0.02}
STEP_SECONDS = {SIMULATED: 1.0, TRYTON: 3.0}


class Live:
    """A stage of real processes: time passes by itself."""

    def __init__(self, network: Network, tower: str, key: str, step: float) -> None:
        self.network, self._tower, self._step = network, tower, step
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def step(self) -> None:
        """Wait a moment."""
        time.sleep(self._step)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """A call of the API."""
        answer = self._session.request(method, f"{self._tower}/api/v1{path}", json=body, timeout=60)
        return answer.status_code, answer.json()


def main() -> int:
    """Play it and tell what came of it; 0 when all is right."""
    asked = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="scenario-") as folder:
        home = Path(asked.state or folder)
        outcome = _played(asked, home)
    _tell(outcome)
    Path(asked.out).write_text(json.dumps(outcome.as_body(), indent=1, default=str), encoding="utf-8")
    _say(f"all of it: {asked.out}")
    return 1 if outcome.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenario", description=__doc__)
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--erp", choices=(SIMULATED, TRYTON), default=SIMULATED)
    parser.add_argument("--trouble", action="store_true", help="with systems that fail")
    parser.add_argument(
        "--database",
        default=SQLITE,
        help="sqlite or postgresql: a new one; or the address of one that is there",
    )
    parser.add_argument("--speed", type=float, default=60.0, help="plant seconds per second (simulated ERP)")
    parser.add_argument("--down", type=float, default=10.0, help="minutes for which the scheduler is down")
    parser.add_argument("--refuses", type=float, default=0.0, help="minutes for which one MES refuses all")
    parser.add_argument("--busy", type=float, default=0.0, help="minutes for which the ERP is overloaded")
    parser.add_argument("--state", default="", help="a folder for all files, kept afterwards")
    parser.add_argument("--out", default="scenario.json", help="where the whole outcome is written")
    return parser


def _plot(asked: argparse.Namespace) -> Plot:
    """Orders come as quickly as the plants can make them; troubles are minutes of the network's own clock."""
    every = 2 if asked.erp == SIMULATED else 3
    if not asked.trouble:
        return Plot(asked.orders, every)
    return Plot(
        asked.orders, every, asked.down, asked.refuses or 4 * asked.down, asked.busy or 4 * asked.down,
        most_steps=3000,
    )  # fmt: skip


def _played(asked: argparse.Namespace, home: Path) -> Outcome:
    home.mkdir(parents=True, exist_ok=True)
    environ = generated(home / "secrets.env")
    with (
        _database(asked, home) as url,
        _erp(asked, home, environ) as books,
        _network(asked, home, environ, books) as network,
    ):
        with _tower(asked, home, url, environ, network) as (address, key):
            _say(f"tower at {address}, {len(network.systems)} systems, ERP: {asked.erp}")
            story = Story(Live(network, address, key, STEP_SECONDS[asked.erp]), _plot(asked), _say)
            outcome = story.play()
        if books is not None:
            outcome.problems += books.problems(network, outcome.orders)
    return outcome


@contextmanager
def _database(asked: argparse.Namespace, home: Path) -> Iterator[str]:
    """The tower's database: a new one of a kind, or the one that was named, which is kept."""
    if asked.database in KINDS:
        with fresh(asked.database, home) as url:
            yield url
        return
    upgrade(asked.database)
    yield asked.database


@contextmanager
def _erp(asked: argparse.Namespace, home: Path, environ: Mapping[str, str]) -> Iterator[Books | None]:
    if asked.erp == SIMULATED:
        yield None
        return
    with beside_tryton(home, environ) as books:
        yield books


@contextmanager
def _network(
    asked: argparse.Namespace, home: Path, environ: dict[str, str], books: Books | None
) -> Iterator[Network]:
    """The plants' systems; the tower's address is a port that is free by now."""
    environ["TOWER_PORT"] = str(free_port())
    network = Network(
        home / "network",
        environ=environ,
        begin_at=datetime.now(UTC),
        tower_url=f"http://127.0.0.1:{environ['TOWER_PORT']}",
        speed=1.0 if books else asked.speed,
        clock_path=None if books else home / "clock.json",
        pace=Pace(first_orders=0, cancellations=0.0, live_orders=10_000, length=LENGTHS[asked.erp]),
        real_erp=books.erp if books else None,
        carried=carried_as(EVERYTHING),
    )
    network.start(live=True)
    try:
        yield network
    finally:
        network.stop()


@contextmanager
def _tower(
    asked: argparse.Namespace, home: Path, url: str, environ: Mapping[str, str], network: Network
) -> Iterator[tuple[str, str]]:
    """The tower in processes of its own: its address, and a key of its API."""
    port = int(environ["TOWER_PORT"])
    with (home / "tower.log").open("ab") as said:
        running = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py"), "run", "--port", str(port)],
            cwd=home, env=_environment(asked, home, url, environ, network), stdin=subprocess.DEVNULL,
            stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        if not wait_for(lambda: serves(port) or running.poll() is not None, START_SECONDS):
            raise RuntimeError(f"the tower did not start: {home / 'tower.log'}")
        yield f"http://127.0.0.1:{port}", _key(url)
    finally:
        running.terminate()
        running.wait(60)


def _environment(
    asked: argparse.Namespace, home: Path, url: str, environ: Mapping[str, str], network: Network
) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTROLTOWER_", "DATABASE_"))
    }
    addresses = {f"{upper(system)}_URL": address for system, address in network.world.addresses.items()}
    demo = Demo(erp=asked.erp, carried=EVERYTHING)
    return {
        **kept,
        **environ,
        **addresses,
        "CONTROLTOWER_STATE": str(home / "state"),
        "CONTROLTOWER_CONFIG": str(ROOT / "config" / demo.configuration),
        "CONTROLTOWER_CLOCK": str(home / "clock.json") if asked.erp == SIMULATED else "",
        "DATABASE_URL": url,
    }


def _key(url: str) -> str:
    """A key with which an integration team's script may ask and resubmit."""
    connected = connect(url)
    with writing(connected) as connection:
        _, key = user.add_key(
            connection, name=f"scenario-{int(time.time())}", roles={"integration"}, now=datetime.now(UTC)
        )
    connected.dispose()
    return key


# ---- telling ------------------------------------------------------------------------------------------------


def _tell(outcome: Outcome) -> None:
    """A table of what was carried, and what was wrong."""
    _say(
        f"\n{len(outcome.orders)} orders in {outcome.seconds:.0f} s, {outcome.without_a_hand} without a hand"
    )
    for route, states in outcome.deliveries.items():
        _say(f"  {route:24} " + ", ".join(f"{number} {state}" for state, number in sorted(states.items())))
    dead = {f"{each['route']} to {each['system']}: {each['words']}" for each in outcome.dead}
    for line in sorted(dead):
        _say(f"  dead: {line}")
    for each in outcome.exceptions:
        _say(f"  {each['team']}: {each['title']}. {each['action']}")
    _say(f"taken by the targets: {outcome.taken}, of them {outcome.repeated} repeated and done once")
    _say(f"sent again by a person: {outcome.resubmitted}, resynced: {outcome.resynced}")
    _say("problems: none" if not outcome.problems else "problems:")
    for problem in outcome.problems:
        _say(f"  {problem}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
