"""What each system holds now, and who has spoken last about what."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Integer, Table, delete, select

from controltower.domain.belief import Belief, Hearing
from controltower.domain.event import Position
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from controltower.store.about import about, about_order
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import (
    LAST_LETTER,
    AnyRow,
    Name,
    Serial,
    Timestamp,
    beginning,
    metadata,
    microseconds,
)

belief = Table(
    "belief",
    metadata,
    Column("plant", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("attribute", Name, primary_key=True),
    Column("system", Name, primary_key=True),
    Column("value", Name, nullable=False),
    Column("unit", Name, nullable=False),
    Column("native", Name, nullable=False),
    Column("since", Timestamp, nullable=False),
    Column("sequence", Serial),
    Column("learnt_at", Timestamp, nullable=False),
    Column("message", Serial, nullable=False),
    Column("n", Integer, nullable=False),
    Column("confirmed_at", Timestamp, nullable=False),
    sqlite_with_rowid=False,
)

hearing = Table(
    "hearing",
    metadata,
    Column("plant", Name, primary_key=True),
    Column("subject", Name, primary_key=True),
    Column("system", Name, primary_key=True),
    Column("type", Name, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("learnt_at", Timestamp, nullable=False),
    Column("sequence", Serial),
    Column("message", Serial, nullable=False),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)


def put(connection: Connection, beliefs: Sequence[tuple[Subject, Belief]]) -> None:
    """Write beliefs over what was held before."""
    write(connection, belief, [_belief_row(*each) for each in beliefs], REPLACE)


def put_hearings(connection: Connection, hearings: Sequence[tuple[Subject, Hearing]]) -> None:
    """Write down who spoke last about what."""
    write(connection, hearing, [_hearing_row(*each) for each in hearings], REPLACE)


def _belief_row(subject: Subject, each: Belief) -> tuple[Any, ...]:
    return (
        *subject, each.attribute, each.system, *each.value, microseconds(each.since), each.sequence,
        microseconds(each.learnt_at), *each.position, microseconds(each.confirmed_at),
    )  # fmt: skip


def _hearing_row(subject: Subject, each: Hearing) -> tuple[Any, ...]:
    return (
        *subject, each.system, each.type, microseconds(each.occurred_at), microseconds(each.learnt_at),
        each.sequence, *each.position,
    )  # fmt: skip


def of(connection: Connection, subjects: Iterable[Subject]) -> list[tuple[Subject, Belief]]:
    """All beliefs about some subjects."""
    return [(Subject(row[0], row[1]), _read_belief(row)) for row in about(connection, belief, subjects)]


def of_attributes(
    connection: Connection, wanted: Mapping[Subject, frozenset[str]]
) -> list[tuple[Subject, Belief]]:
    """The beliefs about some subjects, of the attributes that are wanted of each."""
    alike: dict[frozenset[str], list[Subject]] = {}
    for subject, attributes in wanted.items():
        alike.setdefault(attributes, []).append(subject)
    found: list[tuple[Subject, Belief]] = []
    for attributes, subjects in alike.items():
        only = belief.c.attribute.in_(sorted(attributes))
        rows = about(connection, belief, subjects, only)
        found += [(Subject(row[0], row[1]), _read_belief(row)) for row in rows]
    return found


def of_beginning(
    connection: Connection, plant: str, prefix: str, attribute: str, limit: int
) -> list[tuple[Subject, Belief]]:
    """The beliefs of one attribute about subjects whose name begins with `prefix`, the last names first."""
    mine = belief.c.plant == plant, beginning(belief.c.subject, prefix), belief.c.attribute == attribute
    rows = connection.execute(select(belief).where(*mine).order_by(belief.c.subject.desc()).limit(limit))
    return [(Subject(row[0], row[1]), _read_belief(row)) for row in rows]


def heard_beginning(
    connection: Connection, plant: str, prefix: str, systems: Sequence[str], limit: int
) -> list[tuple[Subject, Hearing]]:
    """What some systems last said about subjects whose name begins with `prefix`."""
    mine = hearing.c.plant == plant, beginning(hearing.c.subject, prefix)
    rows = connection.execute(select(hearing).where(*mine).order_by(hearing.c.subject).limit(limit))
    return [(Subject(row[0], row[1]), _read_hearing(row)) for row in rows if row.system in systems]


def held_by(
    connection: Connection, subjects: Iterable[Subject], attributes: Iterable[str], systems: Iterable[str]
) -> list[tuple[Subject, Belief]]:
    """The beliefs of some systems about some subjects, of some attributes."""
    only = belief.c.attribute.in_(sorted(attributes)), belief.c.system.in_(sorted(systems))
    rows = about(connection, belief, subjects, *only)
    return [(Subject(row[0], row[1]), _read_belief(row)) for row in rows]


def hearings_of(connection: Connection, subjects: Iterable[Subject]) -> list[tuple[Subject, Hearing]]:
    """All that was last heard about some subjects."""
    return [(Subject(row[0], row[1]), _read_hearing(row)) for row in about(connection, hearing, subjects)]


def _read_belief(row: AnyRow) -> Belief:
    (_, _, attribute, system, value, unit, native, since, sequence, learnt_at, message, n, confirmed_at) = row
    return Belief(
        attribute,
        system,
        Value(value, unit, native),
        since,
        sequence,
        learnt_at,
        Position(message, n),
        confirmed_at,
    )


def _read_hearing(row: AnyRow) -> Hearing:
    _, _, system, type, occurred_at, learnt_at, sequence, message, n = row
    return Hearing(system, type, occurred_at, learnt_at, sequence, Position(message, n))


def forget(connection: Connection, subject: Subject) -> None:
    """Drop what is held about a subject, before it is told anew."""
    for table in (belief, hearing):
        connection.execute(
            delete(table).where(table.c.plant == subject.plant, table.c.subject == subject.name)
        )


def of_order(connection: Connection, plant: str, order: str) -> list[tuple[Subject, Belief]]:
    """All beliefs about an order and its operations."""
    rows = about_order(connection, belief, plant, order)
    return [(Subject(row[0], row[1]), _read_belief(row)) for row in rows]


def orders(
    connection: Connection, *, plants: Sequence[str], prefix: str = "", after: str = "", limit: int = 50
) -> list[Subject]:
    """Orders by number, from behind `after` (`<plant>/<number>`), whose number begins with `prefix`."""
    plant_after, _, key_after = after.partition("/")
    found: list[Subject] = []
    for plant in sorted(plants):
        if plant < plant_after or len(found) >= limit:
            continue
        low = f"order/{key_after}" if plant == plant_after else f"order/{prefix}"
        chosen = (
            select(hearing.c.plant, hearing.c.subject)
            .distinct()
            .where(
                hearing.c.plant == plant,
                hearing.c.subject > low if plant == plant_after else hearing.c.subject >= low,
                hearing.c.subject < f"order/{prefix}{LAST_LETTER}",
            )
            .order_by(hearing.c.subject)
            .limit(limit - len(found))
        )
        found += [Subject(*row) for row in connection.execute(chosen)]
    return found


def of_system(
    connection: Connection, subjects: Iterable[Subject], system: str
) -> list[tuple[Subject, Belief]]:
    """What one system holds of some subjects."""
    rows = about(connection, belief, subjects, belief.c.system == system)
    return [(Subject(row[0], row[1]), _read_belief(row)) for row in rows]


def heard_of(
    connection: Connection, system: str, plants: Sequence[str], kind: str, since: datetime.datetime | None
) -> list[tuple[Subject, Hearing]]:
    """The subjects of a kind of which a system has last spoken since a moment, plant by plant."""
    found: list[tuple[Subject, Hearing]] = []
    for plant in plants:
        mine = (
            hearing.c.plant == plant,
            beginning(hearing.c.subject, f"{kind}/"),
            hearing.c.system == system,
        )
        chosen = select(hearing).where(*mine)
        if since is not None:
            chosen = chosen.where(hearing.c.occurred_at >= since)
        found += [(Subject(row[0], row[1]), _read_hearing(row)) for row in connection.execute(chosen)]
    return found
