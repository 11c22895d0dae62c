"""Many rows in one statement: SQL compiled once a table and dialect, then handed to the driver as plain tuples."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect

IGNORE, REPLACE, ADD, PLAIN = "ignore", "replace", "add", "plain"


def write(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], conflict: str = PLAIN
) -> int:
    """Insert rows (values in the order of the table's columns, already in the database's form).

    `conflict` on the primary key: "plain" raises, "ignore" keeps the old row, "replace" takes the new one, "add"
    adds the new row's figures to the old one's.
    Returns the number of rows written. About three times as fast as SQLAlchemy's own bulk insert, because no
    value passes a type processor; hence only for the tables that every event touches.
    """
    if not rows:
        return 0
    sql = _statement(table, conflict, connection.dialect)
    return connection.exec_driver_sql(sql, list(rows)).rowcount


@lru_cache(maxsize=128)
def _compiled(table: Table, conflict: str, name: str, paramstyle: str) -> str:
    insert = sqlite_insert if name == "sqlite" else postgresql_insert
    statement = insert(table).values({column.name: bindparam(column.name) for column in table.columns})
    key = [column.name for column in table.primary_key.columns]
    if conflict == IGNORE:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    elif conflict == REPLACE:
        rest = {
            column.name: statement.excluded[column.name] for column in table.columns if column.name not in key
        }
        statement = statement.on_conflict_do_update(index_elements=key, set_=rest)
    elif conflict == ADD:
        sums = {
            column.name: column + statement.excluded[column.name]
            for column in table.columns
            if column.name not in key
        }
        statement = statement.on_conflict_do_update(index_elements=key, set_=sums)
    dialect = _DIALECTS[name](paramstyle=paramstyle)
    return str(statement.compile(dialect=dialect))


def _statement(table: Table, conflict: str, dialect: Dialect) -> str:
    _DIALECTS.setdefault(dialect.name, type(dialect))
    return _compiled(table, conflict, dialect.name, dialect.paramstyle)


_DIALECTS: dict[str, Any] = {}
