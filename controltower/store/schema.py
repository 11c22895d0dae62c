"""The column types and the metadata that all tables share."""

import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Text,
    TypeDecorator,
    and_,
    literal_column,
    or_,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

AnyRow = Row[*tuple[Any, ...]]

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


def microseconds(moment: datetime.datetime) -> int:
    """An aware moment as whole microseconds since 1970 UTC: exact, sortable, the same on every database."""
    return (moment - EPOCH) // _MICROSECOND


def moment(value: int) -> datetime.datetime:
    """The aware UTC moment of a stored number of microseconds."""
    return EPOCH + datetime.timedelta(microseconds=value)


class Timestamp(TypeDecorator[datetime.datetime]):
    """An aware UTC datetime, stored as microseconds since 1970 so that both databases order and partition alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime.datetime | None:
        return None if value is None else moment(value)


class Json(TypeDecorator[Any]):
    """A small structure, stored as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else write_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


def write_json(value: Any) -> str:
    """Compact JSON text of plain structures, NamedTuples (as arrays) and datetimes."""
    return msgspec.json.encode(value).decode()


# Keys are compared byte by byte on both databases, so that a range over a prefix means the same.
Name = String().with_variant(String(collation="C"), "postgresql")
Bytes = LargeBinary
# SQLite gives out row numbers only for its own INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")


LAST_LETTER = "\U0010ffff"  # sorts behind every other one, byte by byte


def beyond(
    mark: tuple[Any, Any], first: Column[Any], second: Column[Any], *, down: bool
) -> ColumnElement[bool]:
    """The rows behind `mark` in a list that is sorted by two columns, both up or both down (keyset paging)."""
    one, two = mark
    if down:
        return or_(first < one, and_(first == one, second < two))
    return or_(first > one, and_(first == one, second > two))


def inline(word: str) -> ColumnElement[str]:
    """A constant of the code written into the statement: only then SQLite sees that a partial index answers it."""
    return literal_column(f"'{word}'", String)


def beginning(column: Column[Any], prefix: str) -> ColumnElement[bool]:
    """The rows whose key begins with `prefix`, as a range that an index answers.

    Written out, for PostgreSQL takes no COLLATE behind BETWEEN."""
    return and_(column >= prefix, column < f"{prefix}{LAST_LETTER}")
