"""Exceptions, and what people did about them: kept apart, since reprocessing rebuilds only the first."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    and_,
    func,
    insert,
    select,
)  # fmt: skip

from controltower.domain.exception import OPEN, Case
from controltower.domain.remedy import Remedy
from controltower.domain.subject import Subject
from controltower.store.about import about, about_order, narrowed
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import (
    AnyRow,
    Json,
    Name,
    Serial,
    Timestamp,
    beyond,
    metadata,
    microseconds,
    write_json,
)

case = Table(
    "exception",
    metadata,
    Column("id", Name, primary_key=True),
    Column("plant", Name, primary_key=True),
    Column("subject", Name, nullable=False),
    Column("rule", Name, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Name, nullable=False),
    Column("opened_at", Timestamp, nullable=False),
    Column("system", Name, nullable=False),
    Column("team", Name, nullable=False),
    Column("tier", Name, nullable=False),
    Column("cause", Name, nullable=False),
    Column("why", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("sightings", Integer, nullable=False),
    Column("last_at", Timestamp),
    Column("resolved_at", Timestamp),
    Column("resolution", Text, nullable=False),
    Column("key", Name, nullable=False),
    Column("code", Name, nullable=False),
    Column("remedy", Json, nullable=False),
    Column("impact", Json, nullable=False),
    Column("parent", Name, nullable=False),
    Column("watched", Boolean, nullable=False),
    Column("suppressed_until", Timestamp),
    Column("suppressed_by", Text, nullable=False),
    Column("released_at", Timestamp),
    Column("remark", Text, nullable=False),
    Column("returns", Integer, nullable=False),
)
_open = case.c.resolved_at.is_(None)
Index("ix_exception_open", case.c.opened_at, sqlite_where=_open, postgresql_where=_open)
Index("ix_exception_plant_subject", case.c.plant, case.c.subject)
Index("ix_exception_opened_at", case.c.opened_at)
_child = case.c.parent != ""
Index("ix_exception_parent", case.c.parent, sqlite_where=_child, postgresql_where=_child)
_open_child = and_(_open, _child)
Index("ix_exception_open_child", case.c.parent, sqlite_where=_open_child, postgresql_where=_open_child)
Index("ix_exception_open_at", case.c.system, case.c.rule, sqlite_where=_open, postgresql_where=_open)
Index("ix_exception_system_rule", case.c.system, case.c.rule, case.c.opened_at)
_suppressed = case.c.suppressed_until.is_not(None)
Index(
    "ix_exception_suppressed", case.c.suppressed_until, sqlite_where=_suppressed, postgresql_where=_suppressed
)

NO_PLANT = "*"
ALL, COUNTING, SUPPRESSED, CHILDREN = "all", "counting", "suppressed", "children"
_STANDING: dict[str, tuple[ColumnElement[bool], ...]] = {
    ALL: (),
    COUNTING: (case.c.parent == "", case.c.suppressed_until.is_(None)),
    SUPPRESSED: (_suppressed,),
    CHILDREN: (_child,),
}
ACKNOWLEDGE, ASSIGN, COMMENT, RESOLVE, REOPEN = "acknowledge", "assign", "comment", "resolve", "reopen"
REMEDY = "remedy"  # the suggested action was done
ESCALATE = "escalate"  # by the tower itself, when a promise of the service tier has passed

# Acknowledged, assigned, commented, resolved, reopened: by whom, when, why. Only ever added to.
case_action = Table(
    "exception_action",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("exception", Name, nullable=False, index=True),
    Column("at", Timestamp, nullable=False),
    Column("who", Name, nullable=False),
    Column("action", Name, nullable=False),
    Column("detail", Text, nullable=False),
)


class Action(NamedTuple):
    """What one person did about an exception."""

    exception: str
    at: datetime.datetime
    who: str
    action: str
    detail: str


def put(connection: Connection, cases: Sequence[Case]) -> None:
    """Write exceptions over what was known of them."""
    write(connection, case, [_row(each) for each in cases], REPLACE)


def _row(each: Case) -> tuple[Any, ...]:
    plant, subject = each.subject or (NO_PLANT, "")
    return (
        each.id, plant, subject, each.rule, each.title, each.severity, microseconds(each.opened_at), each.system,
        each.team, each.tier, each.cause, each.why, each.action, write_json(each.evidence), each.sightings,
        None if each.last_at is None else microseconds(each.last_at),
        None if each.resolved_at is None else microseconds(each.resolved_at), each.resolution, each.key,
        each.cause_code, write_json(each.remedy), write_json(each.impact), each.parent, each.watched,
        None if each.suppressed_until is None else microseconds(each.suppressed_until), each.suppressed_by,
        None if each.released_at is None else microseconds(each.released_at), each.remark, each.returns,
    )  # fmt: skip


def read(row: AnyRow) -> Case:
    """An exception out of its row, which may hold more columns behind its own."""
    return Case(
        row.id, row.rule, row.title, row.severity, row.opened_at,
        None if row.plant == NO_PLANT else Subject(row.plant, row.subject),
        row.system, row.team, row.tier, row.cause, row.why, row.action, tuple(row.evidence), row.sightings,
        row.last_at, row.resolved_at, row.resolution, row.key, row.code, Remedy(*row.remedy), row.impact, row.parent,
        bool(row.watched), row.suppressed_until, row.suppressed_by, row.released_at, row.remark, row.returns,
    )  # fmt: skip


def get(connection: Connection, id: str) -> Case | None:
    row = connection.execute(select(case).where(case.c.id == id)).first()
    return read(row) if row else None


def by_ids(connection: Connection, ids: Iterable[str]) -> dict[str, Case]:
    """Exceptions by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    found = connection.execute(select(case).where(case.c.id.in_(wanted)))
    return {row.id: read(row) for row in found}


def open_of(connection: Connection, rules: Sequence[str]) -> list[Case]:
    """The open exceptions of some rules."""
    chosen = select(case).where(_open, case.c.rule.in_(rules))
    return [read(row) for row in connection.execute(chosen)]


def open_about(connection: Connection, subject: Subject) -> list[Case]:
    """The open exceptions about one subject."""
    mine = (case.c.plant == subject.plant, case.c.subject == subject.name)
    return [read(row) for row in connection.execute(select(case).where(_open, *mine))]


def open_about_each(connection: Connection, subjects: Iterable[Subject], rule: str) -> list[Case]:
    """The open exceptions of one rule about some subjects."""
    return [read(row) for row in about(connection, case, subjects, _open, case.c.rule == rule)]


def of_order(connection: Connection, plant: str, order: str) -> list[Case]:
    """All exceptions there were about an order and its operations, newest first."""
    rows = about_order(connection, case, plant, order, case.c.opened_at.desc(), limit=100)
    return sorted(map(read, rows), key=lambda each: each.opened_at, reverse=True)[:100]


def listing(
    connection: Connection,
    *,
    state: str = OPEN,
    rule: str = "",
    team: str = "",
    plant: str = "",
    severity: str = "",
    standing: str = ALL,
    parent: str = "",
    system: str = "",
    before: datetime.datetime | None = None,
    after: tuple[datetime.datetime, str] | None = None,
    limit: int = 100,
) -> list[Case]:
    """Exceptions in one state ("open", "resolved"), newest first, from below a moment.

    `standing`: "all", or only those that count, that are suppressed, or that are children. `after`: when the last one
    of the page before was opened, and its id."""
    chosen = (
        select(case)
        .where(_open if state == OPEN else ~_open)
        .order_by(case.c.opened_at.desc(), case.c.id.desc())
        .limit(limit)
    )
    wanted = {
        case.c.rule: rule, case.c.team: team, case.c.plant: plant, case.c.severity: severity,
        case.c.parent: parent, case.c.system: system,
    }  # fmt: skip
    chosen = narrowed(chosen, wanted).where(*_STANDING[standing])
    if before is not None:
        chosen = chosen.where(case.c.opened_at < before)
    if after is not None:
        chosen = chosen.where(beyond(after, case.c.opened_at, case.c.id, down=True))
    return [read(row) for row in connection.execute(chosen)]


def counts(connection: Connection) -> dict[str, int]:
    """How many are open and count, by rule."""
    chosen = select(case.c.rule, func.count()).where(_open, *_STANDING[COUNTING]).group_by(case.c.rule)
    return {row[0]: row[1] for row in connection.execute(chosen)}


def act(connection: Connection, action: Action) -> None:
    """Write down what a person did."""
    connection.execute(insert(case_action).values(**action._asdict()))


def actions(connection: Connection, exception: str) -> list[Action]:
    """What people did about an exception, oldest first."""
    chosen = select(case_action).where(case_action.c.exception == exception).order_by(case_action.c.id)
    return [Action(*row[1:]) for row in connection.execute(chosen)]


def latest_actions(connection: Connection, exceptions: Iterable[str]) -> dict[str, list[Action]]:
    """What people did about several exceptions, oldest first."""
    found: dict[str, list[Action]] = {}
    chosen = (
        select(case_action).where(case_action.c.exception.in_(list(exceptions))).order_by(case_action.c.id)
    )
    for row in connection.execute(chosen):
        found.setdefault(row.exception, []).append(Action(*row[1:]))
    return found
