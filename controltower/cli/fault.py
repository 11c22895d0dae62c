"""`fault`: switch the faults of the demo's simulated network on and off."""

from __future__ import annotations

import argparse

from controltower import demo
from controltower.simulation.__main__ import main as simulation


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this file's verb."""
    parser = verbs.add_parser("fault", help="the demo's faults: list, on NAME, off NAME, truth")
    parser.add_argument("what", choices=("list", "on", "off", "truth"))
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--param", action="append", default=[], metavar="KEY=VALUE", help="such as rate=0.5")
    parser.set_defaults(do=fault)


def fault(asked: argparse.Namespace) -> int:
    """Hand the wish on to the running network."""
    top = demo.top_state()
    running = demo.kept(top)
    where = ["--state", str(demo.network_state(top, running)), "--port-base", str(running.control_port)]
    wish = [asked.what, *([asked.name] if asked.name else [])]
    params = [word for param in asked.param for word in ("--param", param)]
    return simulation([*where, "faults", *wish, *params])
