"""What one request may reach: the tower's parts, a connection of its own, the tower's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from flask import Flask, current_app, g
from sqlalchemy import Connection

from controltower.pipeline.tower import Tower
from controltower.settings import Settings
from controltower.store import engine


def register(app: Flask, parts: Tower, settings: Settings) -> None:
    """Hand the pages the tower that create_app put together."""
    app.extensions["tower"] = app.extensions["pipeline"] = parts
    app.extensions["settings"] = settings
    app.teardown_appcontext(close_reading)


def tower() -> Tower:
    """Database, landscape, connectors and clock behind the current app."""
    parts: Tower = current_app.extensions["tower"]
    return parts


def settings() -> Settings:
    """What the operator set in the environment."""
    held: Settings = current_app.extensions["settings"]
    return held


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
