"""Exceptions that belong together: children of one, alike at one system, the same thing time and again."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from controltower.domain.exception import Case
from controltower.store.case import CHILDREN, NO_PLANT, SUPPRESSED, case, read
from controltower.store.schema import Json

_open = case.c.resolved_at.is_(None)
_child = case.c.parent != ""
# What a rule that finds its exception again does not know.
LIFE = ("impact", "parent", "suppressed_until", "suppressed_by", "released_at", "remark", "returns")


def children(connection: Connection, parents: Iterable[str], *, lasting: bool = False) -> list[Case]:
    """The children of some exceptions, the oldest first; or only those that are open."""
    chosen = select(case).where(_child, case.c.parent.in_(list(parents)))
    chosen = chosen.where(_open) if lasting else chosen
    return [read(row) for row in connection.execute(chosen.order_by(case.c.opened_at, case.c.id))]


def child_numbers(connection: Connection, parents: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Parent -> how many children it has, and how many of them are open."""
    chosen = (
        select(case.c.parent, func.count(), func.count() - func.count(case.c.resolved_at))
        .where(_child, case.c.parent.in_(list(parents)))
        .group_by(case.c.parent)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(chosen)}


def open_at(connection: Connection, system: str, rules: Sequence[str] = (), limit: int = 5000) -> list[Case]:
    """The open exceptions at a system, of some rules or of any."""
    chosen = select(case).where(_open, case.c.system == system).limit(limit)
    chosen = chosen.where(case.c.rule.in_(rules)) if rules else chosen
    return [read(row) for row in connection.execute(chosen)]


def earlier(connection: Connection, each: Case, since: datetime.datetime) -> list[Case]:
    """Exceptions of the same rule, system and thing that were open at some time since a moment, oldest first."""
    if each.subject is not None:
        chosen = select(case).where(case.c.plant == each.subject.plant, case.c.subject == each.subject.name)
    else:
        mine = (case.c.system == each.system, case.c.rule == each.rule)
        chosen = select(case).where(*mine, case.c.plant == NO_PLANT, case.c.key == each.key)
        chosen = chosen.order_by(case.c.opened_at.desc())
    found = (read(row) for row in connection.execute(chosen.limit(200)))
    alike = (
        one
        for one in found
        if (one.rule, one.system) == (each.rule, each.system) and (one.resolved_at or since) >= since
    )
    return sorted(alike, key=lambda one: (one.opened_at, one.id))


def orphans(connection: Connection, until: datetime.datetime) -> list[tuple[Case, str]]:
    """Open children whose parent was over at a moment, with the parent's title ("" for one that is gone)."""
    parent = case.alias("parent_case")
    chosen = (
        select(case, parent.c.title)
        .outerjoin(parent, parent.c.id == case.c.parent)
        .where(_open, _child, (parent.c.id.is_(None)) | (parent.c.resolved_at <= until))
    )
    return [(read(row), row[-1] or "") for row in connection.execute(chosen)]


def suppressed(
    connection: Connection, until: datetime.datetime | None = None, system: str = ""
) -> list[Case]:
    """The open exceptions that planned outages explain: all of them, or as far as these end by a moment."""
    chosen = select(case).where(_open, case.c.suppressed_until.is_not(None))
    chosen = chosen.where(case.c.suppressed_until <= until) if until is not None else chosen
    chosen = chosen.where(case.c.system == system) if system else chosen
    return [read(row) for row in connection.execute(chosen)]


def open_ids(connection: Connection) -> set[str]:
    """The ids of all that is open."""
    return {row[0] for row in connection.execute(select(case.c.id).where(_open))}


def lives(connection: Connection) -> list[dict[str, Any]]:
    """What has become of exceptions, beside what their rules tell of them."""
    lived = or_(
        _child, case.c.impact != bindparam("none", {}, Json), case.c.suppressed_until.is_not(None),
        case.c.released_at.is_not(None), case.c.returns > 0,
    )  # fmt: skip
    chosen = select(case.c.id, *(case.c[name] for name in LIFE)).where(lived)
    return [dict(row._mapping) for row in connection.execute(chosen)]


def restore(connection: Connection, held: Sequence[dict[str, Any]]) -> None:
    """Let exceptions that were told again be what had become of them."""
    if held:
        values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in LIFE}
        rows = [{f"b_{name}": value for name, value in each.items()} for each in held]
        connection.execute(update(case).where(case.c.id == bindparam("b_id")).values(values), rows)


def aside(connection: Connection) -> dict[str, int]:
    """How many open exceptions alarm nobody: consequences of others, and what planned outages explain."""
    explained = func.count(case.c.suppressed_until)
    chosen = select(func.count().filter(_child), explained).where(_open)
    consequences, suppressed_ones = connection.execute(chosen).one()
    return {CHILDREN: consequences, SUPPRESSED: suppressed_ones}
