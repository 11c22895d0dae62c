"""What each kind of message usually tells."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Column, Connection, Table, select, tuple_

from controltower.domain.habit import Habit, Told
from controltower.store.bulk import REPLACE, write
from controltower.store.schema import Json, Name, Serial, metadata, write_json

habit = Table(
    "habit",
    metadata,
    Column("system", Name, primary_key=True),
    Column("type", Name, primary_key=True),
    Column("attributes", Json, nullable=False),
    Column("last_message", Serial, nullable=False),
    sqlite_with_rowid=False,
)


def of(connection: Connection, kinds: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Habit]:
    """The habits of some (system, event type) pairs."""
    rows = connection.execute(select(habit).where(tuple_(habit.c.system, habit.c.type).in_(list(kinds))))
    return {
        (row.system, row.type): Habit(
            row.system,
            row.type,
            {name: Told(*told) for name, told in row.attributes.items()},
            row.last_message,
        )
        for row in rows
    }


def put(connection: Connection, habits: Sequence[Habit]) -> None:
    """Write habits over what was known."""
    rows = [(*each[:2], write_json(dict(each.attributes)), each.last_message) for each in habits]
    write(connection, habit, rows, REPLACE)
