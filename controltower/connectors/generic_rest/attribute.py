"""One compiled attribute mapping: where its value stands in a native record, and how it becomes canonical."""

from collections.abc import Callable
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from controltower.connectors.generic_rest import spec
from controltower.connectors.generic_rest.expression import Expression, as_text
from controltower.connectors.generic_rest.times import hour_checker, time_reader
from controltower.domain import vocabulary
from controltower.domain.value import (
    Value,
    flag_value,
    quantity_value,
    read_decimal,
    status_value,
    write_decimal,
    write_time,
)


class Attribute:
    """One compiled attribute mapping."""

    def __init__(self, kind: str, name: str, field: spec.Field, zone: ZoneInfo) -> None:
        self.name = name
        self.field = field
        self.subject_kind = kind
        self.value_kind = vocabulary.value_kind(kind, name)
        self.source = Expression(field.from_)
        unit = field.unit_from or field.currency_from
        self._unit_source = Expression(unit) if unit else None
        zone = ZoneInfo(field.zone) if field.zone else zone
        self._read_time, self._odd_hour = time_reader(field.format, zone), hour_checker(field.format, zone)
        self.fields = self.source.fields | (self._unit_source.fields if self._unit_source else frozenset())

    def read(self, record: Any) -> Value | None:
        """The canonical value, None where the record says nothing; ValueError says what is wrong with it."""
        found = self.source.search(record)
        if found is None or found == "":
            return None
        text = as_text(found)
        mapped = self.field.map.get(text, text) if self.field.map else text
        return self._READERS[self.value_kind](self, mapped, text, record)

    def odd_hour(self, value: Value) -> str:
        """What is odd about the hour of a time that was read: a clock change; "" for all else."""
        return self._odd_hour(value.native or value.text) if self.value_kind == vocabulary.TIME else ""

    def _status(self, mapped: str, native: str, record: Any) -> Value:
        if self.field.map and native not in self.field.map:
            return Value("unknown", "", native)
        return status_value(self.subject_kind, mapped, native if native != mapped else "")

    def _quantity(self, mapped: str, native: str, record: Any) -> Value:
        return quantity_value(mapped, self._unit(record))

    def _unit(self, record: Any) -> str:
        given = self._unit_source.text_of(record) if self._unit_source else ""
        return given or self.field.unit or self.field.currency

    def _time(self, mapped: str, native: str, record: Any) -> Value:
        canonical = write_time(self._read_time(mapped))
        return Value(canonical, "", "" if canonical == native else native)

    def _integer(self, mapped: str, native: str, record: Any) -> Value:
        number = read_decimal(mapped)
        if number != number.to_integral_value():
            raise ValueError("must be a whole number")
        return Value(write_decimal(number))

    def _flag(self, mapped: str, native: str, record: Any) -> Value:
        return flag_value(mapped)

    def _text(self, mapped: str, native: str, record: Any) -> Value:
        return Value(mapped, "", "" if mapped == native else native)

    _READERS: ClassVar[dict[str, Callable[["Attribute", str, str, Any], Value]]] = {
        vocabulary.STATUS: _status,
        vocabulary.QUANTITY: _quantity,
        vocabulary.MONEY: _quantity,
        vocabulary.TIME: _time,
        vocabulary.INTEGER: _integer,
        vocabulary.FLAG: _flag,
        vocabulary.TEXT: _text,
    }
