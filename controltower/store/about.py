"""Rows about some subjects, or about an order and its operations, each found by key."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, select

from controltower.domain.subject import Subject
from controltower.store.schema import AnyRow, beginning

# Names in one statement: fewer than any database takes.
_AT_ONCE = 400


def about(
    connection: Connection, table: Table, subjects: Iterable[Subject], *conditions: ColumnElement[bool]
) -> Iterator[AnyRow]:
    """The rows of a table about some subjects."""
    yield from _among(connection, table, table.c.subject, subjects, *conditions)


def about_roots(connection: Connection, table: Table, roots: Iterable[Subject]) -> Iterator[AnyRow]:
    """The rows of a table that names the root of a view."""
    yield from _among(connection, table, table.c.root, roots)


def _among(
    connection: Connection,
    table: Table,
    name: Column[Any],
    subjects: Iterable[Subject],
    *conditions: ColumnElement[bool],
) -> Iterator[AnyRow]:
    by_plant: dict[str, list[str]] = {}
    for subject in subjects:
        by_plant.setdefault(subject.plant, []).append(subject.name)
    for plant, names in by_plant.items():
        for start in range(0, len(names), _AT_ONCE):
            mine = (table.c.plant == plant, name.in_(names[start : start + _AT_ONCE]))
            yield from connection.execute(select(table).where(*mine, *conditions))


def narrowed(chosen: Select[Any], wanted: Mapping[Column[Any], str]) -> Select[Any]:
    """A query for the rows alone that hold what is wanted; an empty word wants nothing in particular."""
    return chosen.where(*(column == value for column, value in wanted.items() if value))


def about_order(
    connection: Connection,
    table: Table,
    plant: str,
    order: str,
    *sorted_by: ColumnElement[object],
    limit: int = 10_000,
) -> list[AnyRow]:
    """The rows about an order, then those about its operations: of each the first `limit` so sorted."""
    rows: list[AnyRow] = []
    # Asked for apart: an OR over both SQLite answers by reading the whole plant.
    for mine in (table.c.subject == f"order/{order}", beginning(table.c.subject, f"operation/{order}/")):
        chosen = select(table).where(table.c.plant == plant, mine)
        rows += connection.execute(chosen.order_by(*sorted_by).limit(limit))
    return rows
