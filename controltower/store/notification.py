"""What people are told of exceptions: each telling until it is sent, and which exceptions have been looked at."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    func,
    or_,
    select,
    update,
)

from controltower.domain.exception import Case
from controltower.domain.notification import DEAD, DROPPED, SENT, STATES, WAITING, Notification
from controltower.store.bulk import IGNORE, REPLACE, write
from controltower.store.case import case, read
from controltower.store.schema import AnyRow, Name, Timestamp, beyond, inline, metadata, microseconds

notification = Table(
    "notification",
    metadata,
    Column("id", Name, primary_key=True),
    Column("exception", Name, nullable=False, index=True),
    Column("happening", Name, nullable=False),
    Column("number", Integer, nullable=False),
    Column("subscription", Name, nullable=False),
    Column("channel", Name, nullable=False),
    Column("recipient", Name, nullable=False),
    Column("severity", Name, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("due_at", Timestamp, nullable=False),
    Column("held", Name, nullable=False),
    Column("state", Name, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", Timestamp),  # real time
    Column("sent_at", Timestamp),
    Column("words", Text, nullable=False),
    Column("batch", Name, nullable=False),
)
_told = notification.c
_waiting, _dead = _told.state == inline(WAITING), _told.state == inline(DEAD)
Index("ix_notification_created_at", _told.created_at, _told.id)
Index("ix_notification_waiting", _told.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
Index("ix_notification_dead", _told.channel, sqlite_where=_dead, postgresql_where=_dead)

# Which exceptions the tower has looked at to tell of them: how many lives of each, and whether the last one is over.
notice = Table(
    "notice",
    metadata,
    Column("exception", Name, primary_key=True),
    Column("lives", Integer, nullable=False),
    Column("ended", Boolean, nullable=False),
)
_counting = (case.c.parent == "", case.c.suppressed_until.is_(None))  # a person is to be alarmed
_lasting = ~notice.c.ended
Index("ix_notice_lasting", notice.c.exception, sqlite_where=_lasting, postgresql_where=_lasting)


def put(connection: Connection, told: Sequence[Notification]) -> int:
    """Write new ones; those that are there already stay as they are. Returns how many were new."""
    return write(connection, notification, list(map(_row, told)), IGNORE)


def _row(each: Notification) -> tuple[Any, ...]:
    return tuple(microseconds(held) if isinstance(held, datetime.datetime) else held for held in each)


def _read(row: AnyRow) -> Notification:
    return Notification(*row)


class News(NamedTuple):
    """An exception that began or began again; `lives` counts this one."""

    case: Case
    lives: int


def begun(connection: Connection, limit: int) -> list[News]:
    """Open exceptions that nobody has looked at in their present life; what is another one's consequence is not."""
    joined = case.outerjoin(notice, case.c.id == notice.c.exception)
    unseen = or_(notice.c.exception.is_(None), notice.c.ended)
    chosen = (
        select(case, notice.c.lives)
        .select_from(joined)
        .where(case.c.resolved_at.is_(None), *_counting, unseen)
        .order_by(case.c.opened_at, case.c.id)
        .limit(limit)
    )
    return [News(read(row), (row.lives or 0) + 1) for row in connection.execute(chosen)]


def ended(connection: Connection, limit: int) -> list[News]:
    """Exceptions that were looked at and are over since."""
    chosen = (
        select(case, notice.c.lives)
        .join_from(notice, case, case.c.id == notice.c.exception)
        .where(_lasting, case.c.resolved_at.is_not(None))
        .limit(limit)
    )
    return [News(read(row), row.lives) for row in connection.execute(chosen)]


def noted(connection: Connection, news: Iterable[News], *, over: bool) -> None:
    """Remember that these have been looked at."""
    write(connection, notice, [(each.case.id, each.lives, over) for each in news], REPLACE)


def of_exception(connection: Connection, exception: str) -> list[Notification]:
    """All tellings of one exception, oldest first."""
    chosen = select(notification).where(_told.exception == exception).order_by(_told.created_at, _told.id)
    return [_read(row) for row in connection.execute(chosen)]


def drop(connection: Connection, exception: str, words: str) -> list[Notification]:
    """Take back what of an exception has not been tried yet; returns what that was."""
    mine = (_told.exception == exception, _told.state == WAITING, _told.attempts == 0)
    found = [_read(row) for row in connection.execute(select(notification).where(*mine))]
    if found:
        _set(connection, [each.id for each in found], state=DROPPED, words=words)
    return found


def due(
    connection: Connection, now: datetime.datetime, real: datetime.datetime, limit: int
) -> list[Notification]:
    """What is to be sent: its time (the plants') has come, and its patience (real time) is over."""
    patient = or_(_told.retry_at.is_(None), _told.retry_at <= real)
    chosen = (
        select(notification).where(_waiting, _told.due_at <= now, patient).order_by(_told.due_at).limit(limit)
    )
    return [_read(row) for row in connection.execute(chosen)]


def claim(connection: Connection, ids: Sequence[str], batch: str, until: datetime.datetime) -> None:
    """Take some for sending: nobody else sends them before `until`, by when their outcome is known."""
    _set(connection, ids, attempts=_told.attempts + 1, retry_at=until, batch=batch)


def outcome(
    connection: Connection,
    ids: Sequence[str],
    state: str,
    words: str,
    at: datetime.datetime | None = None,
    retry_at: datetime.datetime | None = None,
) -> None:
    """Write down what became of some: sent (`at`), to be tried again (`retry_at`), dead or dropped, with the words."""
    _set(connection, ids, state=state, words=words, sent_at=at, retry_at=retry_at)


def again(connection: Connection, ids: Sequence[str]) -> None:
    """Let dead ones be sent anew."""
    _set(connection, ids, state=WAITING, attempts=0, retry_at=None, batch="")


def _set(connection: Connection, ids: Sequence[str], **values: Any) -> None:
    connection.execute(update(notification).where(_told.id.in_(list(ids))).values(**values))


def get(connection: Connection, id: str) -> Notification | None:
    row = connection.execute(select(notification).where(_told.id == id)).first()
    return _read(row) if row else None


def listing(
    connection: Connection,
    *,
    state: str = "",
    channel: str = "",
    after: tuple[datetime.datetime, str] | None = None,
    limit: int = 100,
) -> list[Notification]:
    """The newest first, from below a mark."""
    chosen = select(notification).order_by(_told.created_at.desc(), _told.id.desc()).limit(limit)
    if state in STATES:
        chosen = chosen.where(_told.state == inline(state))
    if channel:
        chosen = chosen.where(_told.channel == channel)
    if after is not None:
        chosen = chosen.where(beyond(after, _told.created_at, _told.id, down=True))
    return [_read(row) for row in connection.execute(chosen)]


class Failing(NamedTuple):
    """A channel with dead notifications: how many, and the first and the last of them."""

    channel: str
    number: int
    first: Notification
    last: Notification


def failing(connection: Connection) -> list[Failing]:
    """The channels over which something could not be told."""
    counted = select(_told.channel, func.count()).where(_dead).group_by(_told.channel)
    found = []
    for channel, number in connection.execute(counted).all():
        mine = select(notification).where(_dead, _told.channel == channel)
        first = connection.execute(mine.order_by(_told.created_at, _told.id).limit(1)).one()
        last = connection.execute(mine.order_by(_told.created_at.desc(), _told.id.desc()).limit(1)).one()
        found.append(Failing(channel, number, _read(first), _read(last)))
    return found


def dead_of(connection: Connection, channel: str) -> list[str]:
    """The ids of what is dead on a channel."""
    return list(connection.execute(select(_told.id).where(_dead, _told.channel == channel)).scalars())


def last_sent(connection: Connection, channel: str) -> datetime.datetime | None:
    """When a channel last took something; None when it never did."""
    found = listing(connection, state=SENT, channel=channel, limit=1)
    return found[0].sent_at if found else None


def counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many wait and how many are dead, by channel and state."""
    found: dict[tuple[str, str], int] = {}
    for state, mine in ((WAITING, _waiting), (DEAD, _dead)):
        chosen = select(_told.channel, func.count()).where(mine).group_by(_told.channel)
        found |= {(row[0], state): row[1] for row in connection.execute(chosen)}
    return found
