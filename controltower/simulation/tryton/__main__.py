"""`python -m controltower.simulation.tryton`: install on first use, start, seed, live until SIGTERM."""

import argparse
import datetime as dt
import os
import signal
import sys
import time
from pathlib import Path

import requests

from controltower.simulation.tryton.install import (
    InstallationFailed,
    ensure_installed,
    state_directory,
)
from controltower.simulation.tryton.life import Life
from controltower.simulation.tryton.rpc import DATABASE
from controltower.simulation.tryton.seed import ensure_connector_user, ensure_seeded
from controltower.simulation.tryton.server import ServerFailed, TrytonServer

PASSWORD_VARIABLE = "ERP_HQ_PASSWORD"
SEEDED = "seeded"  # the file that says so


def main() -> int:
    """Run until told to stop; 0 after a clean stop, 1 with a plain message when it cannot run."""
    options = _read_options()
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
    parser.add_argument("--port", type=int, default=8150)
    parser.add_argument("--seed", type=int, default=1, help="the same number makes the same orders")
    parser.add_argument("--pace", type=float, default=5.0, help="seconds between two changes; 0 = no life")
    return parser.parse_args()


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
    directory = state / "live"
    _forget_half_seeded(directory)
    with TrytonServer(installation, directory, options.port) as server:
        client = server.administrator()
        today = dt.datetime.now(dt.UTC).date()
        company = ensure_seeded(client, options.seed, today, _say)
        ensure_connector_user(client, company, password)
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
