"""Connecting to the database, migrating it, and taking the one write lock of SQLite in a fair order."""

import contextlib
import fcntl
import functools
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

P = ParamSpec("P")
T = TypeVar("T")

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
# SQLite's pages kept in memory, in KiB: enough for the upper levels of every index at ten million events.
_SQLITE_CACHE_KIB = 16_384
_BUSY_MILLISECONDS = 30_000
_IDLE_MILLISECONDS = 300_000
# PostgreSQL's classes of errors that a value brings about: data, constraints, limits (a key too long for an index).
_OF_VALUES = ("22", "23", "54")
_DEADLOCK = "40P01"
_MOST_DEADLOCKS = 5
# Any number will do, as long as nothing else locks it.
_LEDGER_LOCK = 20_260_302


def connect(url: str) -> Engine:
    """An engine for `sqlite:///...` (WAL, synced at each commit) or `postgresql://...` (psycopg 3)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, parsed.database)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed, paramstyle="format", pool_size=10, max_overflow=60, pool_pre_ping=True)
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # A machine that vanishes in the middle of a transaction must not keep the ledger's turn for hours.
    connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MILLISECONDS}")
    connection.commit()


def upgrade(url: str) -> None:
    """Bring the schema to the newest migration; safe to call from several processes at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    command.upgrade(config, "head")


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction. On SQLite the writers of all processes queue on a file lock.

    SQLite's own waiting is a sleep and a retry, which is unfair and slow under load; the kernel's queue is neither.
    """
    with _turn(engine), engine.connect() as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent read."""
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        yield connection


def one_at_a_time(connection: Connection) -> None:
    """Until this transaction ends, no other one gets past this point. SQLite has but one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LEDGER_LOCK)))


def is_outage(error: Exception) -> bool:
    """Whether an error is trouble of the database itself, which passes, and not of the values handed to it."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, SQLAlchemyError)
    state = getattr(error.orig, "sqlstate", None)
    if state:
        return state[:2] not in _OF_VALUES
    return isinstance(error, OperationalError)


def again_when_deadlocked(work: Callable[P, T]) -> Callable[P, T]:
    """A function whose only effect is its transactions, done again when PostgreSQL has ended one of them because it and
    another one waited for each other. SQLite has one writer at a time, and no deadlocks."""

    @functools.wraps(work)
    def tried(*given: P.args, **named: P.kwargs) -> T:
        for _ in range(_MOST_DEADLOCKS):
            try:
                return work(*given, **named)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                    raise
        return work(*given, **named)

    return tried


def said(error: Exception) -> str:
    """What an error says, without the statement and the values that led to it."""
    return str(error.orig) if isinstance(error, DBAPIError) else repr(error)


def _sqlite(url: str, path: str | None) -> Engine:
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # The connection that was used last is taken first: its cache is warm, and the others' stay small.
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=80,
        pool_use_lifo=True,
        connect_args={"timeout": _BUSY_MILLISECONDS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # We begin transactions ourselves, because a write must say so at its start (BEGIN IMMEDIATE).
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MILLISECONDS}",
        f"cache_size=-{_SQLITE_CACHE_KIB}",
        "wal_autocheckpoint=4000",
    ):
        connection.execute(f"PRAGMA {pragma}")


_turns: dict[str, tuple[threading.Lock, int]] = {}
_turns_guard = threading.Lock()


@contextlib.contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    lock, handle = _lock_of(path)
    # A file lock is held by the process, not by the thread, hence both.
    with lock:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def _lock_of(path: str) -> tuple[threading.Lock, int]:
    with _turns_guard:
        if path not in _turns:
            handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _turns[path] = (threading.Lock(), handle)
        return _turns[path]
