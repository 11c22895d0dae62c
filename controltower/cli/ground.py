"""What the verbs stand on: the settings of this tower or of the demo, and its migrated database."""

from __future__ import annotations

import argparse
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from controltower import demo
from controltower.cli.speech import Refused
from controltower.domain.clock import Clock
from controltower.settings import Settings
from controltower.store import audit, engine, migration


def with_demo(parser: argparse.ArgumentParser) -> None:
    """Let a verb be asked about the demo."""
    parser.add_argument("--demo", action="store_true", help="in the demo that `make run` started")


def settings_for(asked: argparse.Namespace) -> Settings:
    """The settings that the environment gives, or those of the demo."""
    if asked.demo:
        top = demo.top_state()
        os.environ.update(demo.environment(top, demo.kept(top)))
    return Settings.from_environment()


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """The connected database. Raises Refused when its schema is not the one of this version."""
    connected = engine.connect(settings.database_url)
    try:
        with engine.reading(connected) as connection:
            refuse_unmigrated(connection)
        yield connected
    finally:
        connected.dispose()


def refuse_unmigrated(connection: Connection) -> None:
    """Raises Refused when the schema is not the one of this version."""
    held = migration.current(connection)
    if held != migration.newest():
        raise Refused(
            f"The database is at migration {held or 'none'}, this version needs {migration.newest()}: "
            "python app.py migrate"
        )


def clock_of(settings: Settings) -> Clock:
    """The tower's clock."""
    return Clock.load(settings.clock_path)


def write_down(
    connection: Connection, settings: Settings, action: str, target: str, detail: str = ""
) -> None:
    """Put what a person did at the command line into the audit trail."""
    audit.write_down(connection, audit.Entry(clock_of(settings).now(), account(), action, target, detail))


def account() -> str:
    """Who is at the command line."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"user {os.getuid()}"
    return f"{name} (command line)"
