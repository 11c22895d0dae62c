"""Reads fields of an untrusted Tryton row; a fault carries the exact place."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from controltower.connectors.contract import Notice
from controltower.connectors.reading import name_fault, pointer
from controltower.connectors.tryton.dialect import decode
from controltower.domain.value import write_decimal


class Wrong(ValueError):
    """A field that cannot be used; `place` is its pointer."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(message)
        self.place = place


class Row:
    """One JSON object and its place in the message.

    Readers give None for null; for a field that is not there they also leave a notice.
    """

    def __init__(self, value: Any, place: str, element: int, notices: list[Notice]) -> None:
        if not isinstance(value, dict):
            raise Wrong(place, "must be an object")
        self._value, self.place, self._element, self._notices = value, place, element, notices

    def wrong(self, name: str, message: str) -> Wrong:
        """The fault of one field."""
        return Wrong(self.place + pointer(name), message)

    def part(self, name: str) -> "Row | None":
        """An object within."""
        value = self._get(name)
        return None if value is None else Row(value, self.place + pointer(name), self._element, self._notices)

    def parts(self, name: str) -> "Iterator[Row]":
        """The objects of a list within."""
        values = self._get(name) or []
        if not isinstance(values, list):
            raise self.wrong(name, "must be a list")
        place = self.place + pointer(name)
        return (
            Row(value, place + pointer(n), self._element, self._notices) for n, value in enumerate(values)
        )

    def text(self, name: str) -> str | None:
        """A name or code."""
        value = self._get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "must be text")
        if fault := name_fault(value):
            raise self.wrong(name, fault)
        return value

    def whole(self, name: str) -> int | None:
        """A whole number, such as an id."""
        value = self._get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self.wrong(name, "must be a whole number")
        return value

    def number(self, name: str) -> str | None:
        """A number (JSON number or Decimal of the dialect) as plain decimal text."""
        value = self._decoded(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise self.wrong(name, "must be a number")
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not number.is_finite() or abs(number.adjusted()) > 30:
            raise self.wrong(name, "is no usable number")
        return write_decimal(number)

    def date(self, name: str) -> dt.date | None:
        """A date without a time of day."""
        value = self._decoded(name)
        if value is not None and (not isinstance(value, dt.date) or isinstance(value, dt.datetime)):
            raise self.wrong(name, "must be a date")
        return value

    def moment(self, name: str) -> dt.datetime | None:
        """A point in time, aware, UTC."""
        value = self._decoded(name)
        if value is not None and not isinstance(value, dt.datetime):
            raise self.wrong(name, "must be a datetime")
        return value

    def _decoded(self, name: str) -> Any:
        try:
            return decode(self._get(name))
        except ValueError as error:
            raise self.wrong(name, str(error)) from None

    def _get(self, name: str) -> Any:
        if name not in self._value:
            message = f"Tryton did not send {name!r}"
            self._notices.append(Notice("missing-field", self.place + pointer(name), message, self._element))
            return None
        return self._value[name]


def need(row: Row, name: str, value: Any) -> Any:
    """A value that must be there."""
    if value is None:
        raise row.wrong(name, "must not be empty")
    return value
