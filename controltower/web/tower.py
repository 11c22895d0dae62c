"""What one request may reach: the tower's parts, a connection of its own, the tower's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, current_app, g
from sqlalchemy import Connection, Engine

from controltower.domain.clock import Clock
from controltower.domain.landscape import Landscape
from controltower.settings import Settings
from controltower.store import engine


@dataclass(frozen=True)
class Tower:
    """Everything a page needs, put together once by create_app."""

    settings: Settings
    engine: Engine
    landscape: Landscape
    clock: Clock


def register(app: Flask, parts: Tower) -> None:
    app.extensions["tower"] = parts
    app.teardown_appcontext(close_reading)


def tower() -> Tower:
    """The parts behind the current app."""
    parts: Tower = current_app.extensions["tower"]
    return parts


def reading() -> Connection:
    """This request's consistent read; closed when the request ends, nothing on it is committed."""
    if "reading" not in g:
        g.reading = ExitStack()
        g.connection = g.reading.enter_context(engine.reading(tower().engine))
    connection: Connection = g.connection
    return connection


@contextmanager
def writing() -> Iterator[Connection]:
    """A transaction of its own: committed at the end of the block, rolled back by an error.

    The request's read ends first, so that what is read afterwards shows what was written."""
    close_reading()
    with engine.writing(tower().engine) as connection:
        yield connection


def now() -> datetime:
    """The tower's time, aware UTC, the same all through one request."""
    if "now" not in g:
        g.now = tower().clock.now()
    moment: datetime = g.now
    return moment


def close_reading(_error: BaseException | None = None) -> None:
    g.pop("connection", None)
    held: ExitStack | None = g.pop("reading", None)
    if held is not None:
        held.close()
