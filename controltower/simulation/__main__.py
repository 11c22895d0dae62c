"""`python -m controltower.simulation`: run the network, or talk to the one that is running."""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import requests

from controltower.simulation.links import CARRIED, carried_as
from controltower.simulation.network import Network
from controltower.simulation.tryton.bridge import RealErp
from controltower.simulation.world import Pace

BRIDGE_PASSWORD = "ERP_BRIDGE_PASSWORD"
QUICK = 0.05
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def main(words: list[str] | None = None) -> int:
    """Parse the command line and do it; the exit status."""
    asked = _parser().parse_args(words)
    environ = _environment(Path(asked.state))
    return _talk(asked, environ) if asked.verb == "faults" else _run(asked, environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m controltower.simulation", description=__doc__)
    parser.add_argument(
        "--state", default="var/simulated/demo", help="folder of the databases, the truth and secrets.env"
    )
    parser.add_argument("--port-base", type=int, default=8101, help="control server; systems follow, +1 each")
    parser.add_argument("--tower", default="http://127.0.0.1:8000", help="where the webhooks go")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=60.0, help="virtual seconds per real second")
    parser.add_argument("--faults", default="", help="names to switch on at start, with commas between")
    parser.add_argument("--without", default="", help="systems to leave out, with commas between")
    parser.add_argument(
        "--real-erp",
        default="",
        metavar="URL",
        help="a real Tryton in the simulated ERP's place, and real time (password: ERP_BRIDGE_PASSWORD)",
    )
    parser.add_argument(
        "--carried",
        default="nothing",
        choices=tuple(CARRIED),
        help="what the tower carries between the systems",
    )
    parser.add_argument(
        "--length", type=float, default=0.0,
        help="how long work, picks and messages take, 1 = as in a plant; beside a real ERP 0.05, an order in minutes",
    )  # fmt: skip
    parser.add_argument("--story", action="store_true", help="play the demo's scripted faults")
    parser.add_argument(
        "--for", dest="span", default="", help="stop after this much virtual time: 90m, 3h, 2d"
    )
    verbs = parser.add_subparsers(dest="verb")
    faults = verbs.add_parser("faults", help="talk to the running network")
    faults.add_argument("what", choices=("on", "off", "list", "truth"))
    faults.add_argument("name", nargs="?", default="")
    faults.add_argument("--param", action="append", default=[], metavar="KEY=VALUE")
    return parser


def _environment(state: Path) -> dict[str, str]:
    """The environment, with the demo's own generated secrets where it says nothing."""
    kept: dict[str, str] = {}
    file = state / "secrets.env"
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.removeprefix("export ").partition("=")
            if equals and not name.startswith("#"):
                kept[name.strip()] = value.strip().strip("'\"")
    return {**kept, **os.environ}


def _run(asked: argparse.Namespace, environ: dict[str, str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s simulation %(levelname)s %(message)s")
    clock = environ.get("CONTROLTOWER_CLOCK")
    try:
        span = _seconds(asked.span) if asked.span else None
        network = Network(
            Path(asked.state),
            seed=asked.seed,
            port_base=asked.port_base,
            tower_url=asked.tower,
            environ=environ,
            speed=1.0 if asked.real_erp else asked.speed,
            without=_names(asked.without),
            clock_path=Path(clock) if clock else None,
            real_erp=_real_erp(asked.real_erp, environ),
            carried=carried_as(asked.carried),
            pace=Pace(length=asked.length or (QUICK if asked.real_erp else 1.0)),
        )
    except ValueError as error:
        _say(str(error), sys.stderr)
        return 2
    asked_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _: asked_to_stop.append(caught))
    network.start(live=True)
    try:
        _set_scene(network, asked)
        _wait(asked_to_stop, span / asked.speed if span else math.inf)
    finally:
        network.stop()
    return 0


def _real_erp(url: str, environ: dict[str, str]) -> RealErp | None:
    """Where the real ERP is, if there is one. Raises ValueError without the bridge's password."""
    if url and not environ.get(BRIDGE_PASSWORD):
        raise ValueError(f"set {BRIDGE_PASSWORD} first: the password of the bridge's user in Tryton")
    return RealErp(url, environ[BRIDGE_PASSWORD]) if url else None


def _wait(asked_to_stop: list[int], seconds: float) -> None:
    """Until a signal was caught or the time is over; naps, since a wait without end can miss a signal."""
    end = time.monotonic() + seconds
    while not asked_to_stop and time.monotonic() < end:
        time.sleep(0.1)


def _set_scene(network: Network, asked: argparse.Namespace) -> None:
    for name in _names(asked.faults):
        network.fault_on(name)
    if asked.story:
        network.story()
    logging.info("%s systems up, control at %s/control/", len(network.systems), network.control_url)


def _talk(asked: argparse.Namespace, environ: dict[str, str]) -> int:
    base = f"http://127.0.0.1:{asked.port_base}/control"
    headers = {"Authorization": f"Bearer {environ.get('SIM_CONTROL_TOKEN', '')}"}
    try:
        if asked.what in ("list", "truth"):
            path = "faults" if asked.what == "list" else "truth"
            answer = requests.get(f"{base}/{path}", headers=headers, timeout=10)
        else:
            params = dict(pair.partition("=")[::2] for pair in asked.param)
            body = {"name": asked.name, "on": asked.what == "on", "params": params}
            answer = requests.post(f"{base}/faults", json=body, headers=headers, timeout=10)
    except requests.ConnectionError:
        _say(f"no network answers at {base}", sys.stderr)
        return 1
    return _show(answer, asked)


def _show(answer: requests.Response, asked: argparse.Namespace) -> int:
    if answer.status_code >= 400:
        _say(answer.json().get("error", answer.text), sys.stderr)
        return 1
    for item in answer.json()["items"]:
        _say(json.dumps(item) if asked.what == "truth" else _line(item))
    return 0


def _line(fault: dict[str, Any]) -> str:
    state = f"on, {fault['hits']} hits, {fault['open_hits']} open" if fault["active"] else "off"
    line = f"{fault['name']:40} {state:22} {fault['title']} (catalogue {fault['number']})"
    return f"{line}\n    {fault['not_here']}" if fault.get("not_here") else line


def _say(text: str, to: TextIO | None = None) -> None:
    (to or sys.stdout).write(f"{text}\n")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _seconds(text: str) -> float:
    if text[-1:] not in UNITS:
        raise ValueError(f"--for {text}: give a number and one of s, m, h, d")
    return float(text[:-1]) * UNITS[text[-1]]


if __name__ == "__main__":
    sys.exit(main())
