"""`python -m controltower.simulation.tryton`: a real Tryton, installed on first use; or `change` an order in it."""

import argparse
import datetime as dt
import os
import signal
import sys
import time
from pathlib import Path

import requests

from controltower.simulation.tryton.install import (
    Installation,
    InstallationFailed,
    ensure_installed,
    state_directory,
)
from controltower.simulation.tryton.life import Life
from controltower.simulation.tryton.planned import NotPossible, change
from controltower.simulation.tryton.rpc import DATABASE, TrytonClient, TrytonRefusal
from controltower.simulation.tryton.seed import ensure_bridge_user, ensure_connector_user, ensure_seeded
from controltower.simulation.tryton.server import ServerFailed, TrytonServer, running_port

PASSWORD_VARIABLE, BRIDGE_VARIABLE = "ERP_HQ_PASSWORD", "ERP_BRIDGE_PASSWORD"
PORT = 8150
LIVE, SEEDED = "live", "seeded"  # the running one's directory, and the file in it that says so


def main() -> int:
    """Run until told to stop; 0 after a clean stop, 1 with a plain message when it cannot run."""
    options = _read_options()
    if options.verb == "change":
        return _change(options)
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if not password:
        return _refuse(f"{PASSWORD_VARIABLE} is not set: it is the password of the tower's user in Tryton")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        _serve(options, password)
    except (InstallationFailed, ServerFailed) as error:
        return _refuse(str(error))
    return 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m controltower.simulation.tryton", description=__doc__)
    parser.add_argument("--state", type=Path, default=None, help="where Tryton and its database live")
    parser.add_argument("--port", type=int, default=None, help="8150, or the running one's")
    parser.add_argument("--seed", type=int, default=1, help="the same number makes the same orders")
    parser.add_argument("--pace", type=float, default=20.0, help="seconds between two changes; 0 = no life")
    verbs = parser.add_subparsers(dest="verb")
    changing = verbs.add_parser(
        "change", help="change an order of the running Tryton by hand, as a planner does"
    )
    changing.add_argument("order", help="its number, such as MO-1003")
    changing.add_argument("--due", type=dt.date.fromisoformat, help="the new due date, such as 2026-12-01")
    changing.add_argument("--quantity", type=float, help="the new quantity, while nothing is reserved")
    return parser.parse_args()


def _change(options: argparse.Namespace) -> int:
    installation = Installation((options.state or state_directory()).absolute())
    port = options.port or running_port(installation.state / LIVE)
    if port is None:
        return _refuse(f"no Tryton has run in {installation.state}: see --state")
    try:
        client = TrytonClient(f"http://localhost:{port}", "admin", installation.admin_password)
        _say(change(client, options.order, options.due, options.quantity))
        client.close()
    except (NotPossible, TrytonRefusal) as refusal:
        return _refuse(str(refusal))
    except requests.RequestException:
        return _refuse(f"no Tryton answers on http://localhost:{port}: start it first (make run ERP=tryton)")
    return 0


def _refuse(message: str) -> int:
    sys.stderr.write(f"tryton: {message}\n")
    return 1


def _say(message: str) -> None:
    sys.stdout.write(message + "\n")
    sys.stdout.flush()


def _end(*_: object) -> None:
    """Leave from wherever we are, an installation too; the server is stopped on the way out."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def _serve(options: argparse.Namespace, password: str) -> None:
    state = options.state or state_directory()
    installation = ensure_installed(state, _say)
    directory = state / LIVE
    _forget_half_seeded(directory)
    with TrytonServer(installation, directory, options.port or PORT) as server:
        client = server.administrator()
        today = dt.datetime.now(dt.UTC).date()
        company = ensure_seeded(client, options.seed, today, _say)
        ensure_connector_user(client, company, password)
        if bridge := os.environ.get(BRIDGE_VARIABLE):
            ensure_bridge_user(client, company, bridge)
        (directory / SEEDED).touch()
        _say(f"tryton: ready on {server.base_url}")
        life = Life(client, company, options.seed)
        while server.is_running():
            time.sleep(options.pace or 1.0)
            if options.pace:
                _live(life)
        raise ServerFailed(f"the server has ended by itself, see {directory / 'server.log'}")


def _forget_half_seeded(directory: Path) -> None:
    """A database whose seeding was broken off is begun anew."""
    if not (directory / SEEDED).exists():
        for file in directory.glob(f"{DATABASE}.sqlite*"):
            file.unlink()


def _live(life: Life) -> None:
    try:
        _say(f"tryton: {life.step()}")
    except requests.RequestException as error:
        _say(f"tryton: {error}")


if __name__ == "__main__":
    sys.exit(main())
