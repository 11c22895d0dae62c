"""Reads what changed in one Tryton model since a mark, page by page, by last_modified_at and id."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from controltower.connectors.contract import SourceUnavailable
from controltower.connectors.tryton.dialect import decode, encode_moment
from controltower.connectors.tryton.session import Session

STAMP = "last_modified_at"
_ORDER = [[STAMP, "ASC"], ["id", "ASC"]]

Row = dict[str, Any]
_decode_rows = msgspec.json.Decoder(list[Row]).decode
_decode_ids = msgspec.json.Decoder(list[int]).decode


class Mark(NamedTuple):
    """How far a model has been read: the greatest (stamp, id) seen. The stamps are Tryton's, never our clock's."""

    at: dt.datetime
    id: int

    def text(self) -> list[Any]:
        """As it stands in a cursor."""
        return [self.at.isoformat(), self.id]


def read_mark(cursor: Mapping[str, Any], model: str) -> Mark | None:
    """The mark of a model in a cursor, None at first. Raises SourceUnavailable for a cursor that is not ours."""
    held = cursor.get(model)
    if held is None:
        return None
    try:
        return Mark(dt.datetime.fromisoformat(held[0]), int(held[1]))
    except (TypeError, ValueError, IndexError, KeyError):
        raise SourceUnavailable("contract", f"the cursor of {model} cannot be read: {held!r}") from None


class Window(NamedTuple):
    """How to read on: records in a page, and how much before the mark is read again.

    A transaction takes its stamp before it commits, so a record may appear with a stamp that we have passed.
    """

    size: int
    overlap: dt.timedelta


def changed(
    session: Session,
    model: str,
    domain: Sequence[Any],
    fields: Sequence[str],
    mark: Mark | None,
    window: Window,
) -> Iterator[tuple[list[Row], Mark]]:
    """Pages of the rows changed since the mark (all rows without one), and the mark after each page."""
    since: list[Any] = [[STAMP, ">=", encode_moment(mark.at - window.overlap)]] if mark else []
    while True:
        rows = rows_of(session, model, [*domain, *since], [STAMP, *fields], window.size)
        if not rows:
            return
        last = mark_of(rows[-1])
        mark = max(mark, last) if mark else last
        yield rows, mark
        if len(rows) < window.size:
            return
        stamp = encode_moment(last.at)
        since = [["OR", [[STAMP, ">", stamp]], [[STAMP, "=", stamp], ["id", ">", last.id]]]]


def newest(session: Session, model: str, domain: Sequence[Any]) -> Mark | None:
    """The mark of the row that changed last, None where there is no row."""
    order = [[STAMP, "DESC"], ["id", "DESC"]]
    raw = session.call(f"model.{model}.search_read", list(domain), 0, 1, order, [STAMP])
    rows = _read(_decode_rows, raw)
    return mark_of(rows[0]) if rows else None


def rows_of(
    session: Session, model: str, domain: Sequence[Any], fields: Sequence[str], size: int | None = None
) -> list[Row]:
    """The decoded rows that match, oldest change first."""
    raw = session.call(f"model.{model}.search_read", list(domain), 0, size, _ORDER, list(fields))
    rows: list[Row] = _read(_decode_rows, raw)
    return rows


def ids_of(session: Session, model: str, domain: Sequence[Any]) -> list[int]:
    """The ids that match."""
    ids: list[int] = _read(
        _decode_ids, session.call(f"model.{model}.search", list(domain), 0, None, [["id", "ASC"]])
    )
    return ids


def mark_of(row: Row) -> Mark:
    """Where a row stands. Raises SourceUnavailable when it has no stamp (Tryton before 8.0)."""
    try:
        at = decode(row[STAMP])
    except (KeyError, ValueError):
        at = None
    if not isinstance(at, dt.datetime):
        raise SourceUnavailable("contract", f"a row without {STAMP}: is this Tryton older than 8.0?")
    return Mark(at, row["id"])


def _read(decode_bytes: Any, raw: msgspec.Raw) -> Any:
    try:
        return decode_bytes(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise SourceUnavailable("contract", f"a list that cannot be read: {error}") from None
