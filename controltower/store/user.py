"""People who may log in and keys that machines use; secrets are kept only as hashes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Integer, String, Table, insert, select, update

from controltower.store.schema import AnyRow, Timestamp, metadata

ROLES = ("executive", "planner", "integration", "admin")
KEY_PREFIX = "ct_"

user_table = Table(
    "user",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("full_name", String(160), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("roles", String(160), nullable=False),
    Column("home", String(40), nullable=False),
    Column("time_zone", String(64), nullable=True),
    Column("active", Boolean, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("last_login_at", Timestamp, nullable=True),
)

api_key_table = Table(
    "api_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("roles", String(160), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("expires_at", Timestamp, nullable=True),
    Column("last_used_at", Timestamp, nullable=True),
    Column("revoked_at", Timestamp, nullable=True),
)


@dataclass(frozen=True)
class User:
    """One person. `home` is the desk shown after log-in; `time_zone` overrides the plant's own."""

    id: int
    name: str
    full_name: str
    password_hash: str
    roles: frozenset[str]
    home: str
    time_zone: str | None
    active: bool
    created_at: datetime
    last_login_at: datetime | None


@dataclass(frozen=True)
class ApiKey:
    """One machine's key; the key itself was shown once and is not kept."""

    id: int
    name: str
    roles: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def add_user(
    connection: Connection,
    *,
    name: str,
    full_name: str,
    password_hash: str,
    roles: set[str],
    now: datetime,
    home: str = "planner",
    time_zone: str | None = None,
) -> int:
    """Store a new person, give back the id. Raises ValueError for an unknown role, IntegrityError for a taken name."""
    values = dict(
        name=name.strip().lower(),
        full_name=full_name,
        password_hash=password_hash,
        roles=role_text(roles),
        home=home,
        time_zone=time_zone,
        active=True,
        created_at=now,
    )
    return int(connection.execute(insert(user_table).values(values).returning(user_table.c.id)).scalar_one())


def user_by_id(connection: Connection, user_id: int) -> User | None:
    row = connection.execute(select(user_table).where(user_table.c.id == user_id)).one_or_none()
    return user_from(row) if row else None


def user_by_name(connection: Connection, name: str) -> User | None:
    """The person with that log-in name, upper or lower case alike."""
    wanted = user_table.c.name == name.strip().lower()
    row = connection.execute(select(user_table).where(wanted)).one_or_none()
    return user_from(row) if row else None


def users(connection: Connection) -> list[User]:
    """Everybody, by log-in name."""
    return [user_from(row) for row in connection.execute(select(user_table).order_by(user_table.c.name))]


def set_password(connection: Connection, user_id: int, password_hash: str) -> None:
    """Replace the hash; sessions opened with the old password end with it."""
    connection.execute(
        update(user_table).where(user_table.c.id == user_id).values(password_hash=password_hash)
    )


def set_active(connection: Connection, user_id: int, active: bool) -> None:
    connection.execute(update(user_table).where(user_table.c.id == user_id).values(active=active))


def set_time_zone(connection: Connection, user_id: int, time_zone: str | None) -> None:
    """In which zone the person reads times; None for that of the plant."""
    connection.execute(update(user_table).where(user_table.c.id == user_id).values(time_zone=time_zone))


def note_login(connection: Connection, user_id: int, now: datetime) -> None:
    connection.execute(update(user_table).where(user_table.c.id == user_id).values(last_login_at=now))


def add_key(
    connection: Connection, *, name: str, roles: set[str], now: datetime, expires_at: datetime | None = None
) -> tuple[int, str]:
    """Make a key: (id, the key). The key is 256 random bits, shown once; only its SHA-256 is stored."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    values = dict(
        name=name, key_hash=key_hash(key), roles=role_text(roles), created_at=now, expires_at=expires_at
    )
    made = connection.execute(insert(api_key_table).values(values).returning(api_key_table.c.id))
    return int(made.scalar_one()), key


def key_for(connection: Connection, key: str, now: datetime) -> ApiKey | None:
    """The key as stored if it may be used at `now`; None when unknown, expired or revoked."""
    row = connection.execute(
        select(api_key_table).where(api_key_table.c.key_hash == key_hash(key))
    ).one_or_none()
    found = key_from(row) if row else None
    return found if found and found.usable(now) else None


def keys(connection: Connection) -> list[ApiKey]:
    """All keys, by name."""
    return [key_from(row) for row in connection.execute(select(api_key_table).order_by(api_key_table.c.name))]


def note_key_use(connection: Connection, key_id: int, now: datetime) -> None:
    connection.execute(update(api_key_table).where(api_key_table.c.id == key_id).values(last_used_at=now))


def revoke_key(connection: Connection, key_id: int, now: datetime) -> None:
    connection.execute(update(api_key_table).where(api_key_table.c.id == key_id).values(revoked_at=now))


def key_hash(key: str) -> str:
    """A plain hash is enough: unlike a password, the key is too long to guess."""
    return hashlib.sha256(key.encode()).hexdigest()


def role_text(roles: set[str]) -> str:
    unknown = roles.difference(ROLES)
    if unknown or not roles:
        raise ValueError(
            f"roles must be some of {', '.join(ROLES)}; got {', '.join(sorted(roles)) or 'none'}"
        )
    return ",".join(sorted(roles))


def user_from(row: AnyRow) -> User:
    values = dict(row._mapping)
    return User(**{**values, "roles": frozenset(values["roles"].split(","))})


def key_from(row: AnyRow) -> ApiKey:
    values = dict(row._mapping)
    del values["key_hash"]
    return ApiKey(**{**values, "roles": frozenset(values["roles"].split(","))})
