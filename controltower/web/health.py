"""Is the tower alive, is it ready, and by which part is it not: for load balancers, supervisors and people."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, Response, jsonify
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from controltower.store import lease, message, migration
from controltower.web.tower import now, reading, settings, tower

bp = Blueprint("health", __name__)

OK, SLOW, DOWN, UNKNOWN = "ok", "slow", "down", "unknown"
# Real seconds that the oldest message may wait to be recorded.
BACKLOG_SLOW, BACKLOG_DOWN = 10.0, 300.0
FREE_LITTLE, FREE_NONE = 2**30, 200 * 2**20


class Part(NamedTuple):
    """How one component is: `state` ok, slow (works, but look at it), down, or unknown because another one is down."""

    state: str
    detail: str


@bp.get("/healthz")
def alive() -> Response:
    """200 as long as this process answers at all."""
    return _fresh(jsonify(status=OK), 200)


@bp.get("/readyz")
def ready() -> Response:
    """200 when every component does its work, else 503; each one is told."""
    parts = components()
    down = any(part.state == DOWN for part in parts.values())
    told = {name: part._asdict() for name, part in parts.items()}
    return _fresh(jsonify(status=DOWN if down else OK, components=told), 503 if down else 200)


def components() -> dict[str, Part]:
    """Every component and how it is."""
    parts = {"database": _tried(_database)}
    for name, look in (("migrations", _migrations), ("worker", _worker), ("backlog", _backlog)):
        reachable = parts["database"].state == OK
        migrated = name == "migrations" or parts["migrations"].state == OK
        known = reachable and migrated
        parts[name] = (
            _tried(look) if known else Part(UNKNOWN, "not looked at while another component is down")
        )
    parts["disk"] = disk(settings().state_dir)
    return parts


def _tried(look: Callable[[Connection], Part]) -> Part:
    try:
        return look(reading())
    except SQLAlchemyError as error:
        # The driver's own words may hold the address with its password: the kind of the error is enough here.
        return Part(DOWN, f"the database does not answer ({type(error).__name__})")


def _database(connection: Connection) -> Part:
    connection.exec_driver_sql("SELECT 1")
    return Part(OK, connection.dialect.name)


def _migrations(connection: Connection) -> Part:
    held, wanted = migration.current(connection), migration.newest()
    if held == wanted:
        return Part(OK, held)
    return Part(
        DOWN, f"the schema is at {held or 'nothing'}, this version needs {wanted}: python app.py migrate"
    )


def _worker(connection: Connection) -> Part:
    missing = [name for name in (lease.RECORD, lease.DETECT) if lease.holder_of(connection, name) is None]
    if missing:
        return Part(DOWN, "no worker is running: python app.py worker")
    return Part(OK, lease.holder_of(connection, lease.RECORD) or "")


def _backlog(connection: Connection) -> Part:
    waiting, oldest = message.backlog(connection)
    if oldest is None:
        return Part(OK, "nothing waits")
    # Messages are stamped by the tower's clock, which may run faster than time does.
    seconds = (now() - oldest).total_seconds() / (tower().clock.speed or 1.0)
    state = DOWN if seconds > BACKLOG_DOWN else SLOW if seconds > BACKLOG_SLOW else OK
    return Part(state, f"{waiting} messages wait, the oldest for {max(0.0, seconds):.0f} s")


def disk(directory: Path) -> Part:
    """Room for the state directory to grow."""
    existing = next(
        folder for folder in (directory.absolute(), *directory.absolute().parents) if folder.exists()
    )
    free = shutil.disk_usage(existing).free
    state = DOWN if free < FREE_NONE else SLOW if free < FREE_LITTLE else OK
    return Part(state, f"{free / 2**30:.1f} GiB free")


def _fresh(response: Response, status: int) -> Response:
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
