"""Reads the attributes of a canonical event: each by the kind of value that the vocabulary gives it."""

from collections.abc import Callable
from typing import Any

import msgspec

from controltower.domain import vocabulary
from controltower.domain.value import (
    Value,
    flag_value,
    quantity_value,
    read_decimal,
    time_value,
    write_decimal,
)

_TEXT_LIMIT = 4000
_LONGEST_UNIT = 20


def _text(raw: Any) -> Value:
    if isinstance(raw, str):
        return Value(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Value(str(raw))
    raise ValueError("must be text")


def _quantity(raw: Any) -> Value:
    if not isinstance(raw, dict):
        raise ValueError('must read {"value": "120", "unit": "EA"}')
    unit = raw.get("unit")
    if not isinstance(unit, str) or not unit:
        raise ValueError("quantity without a unit")
    if len(unit) > _LONGEST_UNIT:
        raise ValueError(f"unit longer than {_LONGEST_UNIT} characters")
    return quantity_value(_number(raw.get("value")), unit)


def _money(raw: Any) -> Value:
    if not isinstance(raw, dict):
        raise ValueError('must read {"value": "9.90", "currency": "EUR"}')
    currency = raw.get("currency")
    if not isinstance(currency, str) or len(currency) != 3 or not currency.isupper():
        raise ValueError("money without a currency of three capital letters")
    return quantity_value(_number(raw.get("value")), currency)


def _number(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return str(raw)
    raise ValueError("value must be a decimal number as text")


def _time(raw: Any) -> Value:
    if not isinstance(raw, str):
        raise ValueError("must be an RFC 3339 time with a zone")
    return time_value(raw)


def _integer(raw: Any) -> Value:
    number = read_decimal(_number(raw))
    if number != number.to_integral_value():
        raise ValueError("must be a whole number")
    return Value(write_decimal(number))


def _status(raw: Any) -> Value:
    if not isinstance(raw, str) or not raw:
        raise ValueError("must be a status")
    return Value(raw)


READERS: dict[str, Callable[[Any], Value]] = {
    vocabulary.STATUS: _status,
    vocabulary.TEXT: _text,
    vocabulary.QUANTITY: _quantity,
    vocabulary.TIME: _time,
    vocabulary.MONEY: _money,
    vocabulary.INTEGER: _integer,
    vocabulary.FLAG: flag_value,
}

# kind of subject -> attribute -> reader; looked up for each attribute of each event.
ATTRIBUTE_READERS: dict[str, dict[str, Callable[[Any], Value]]] = {
    kind: {name: READERS[value_kind] for name, value_kind in attributes.items()}
    for kind, attributes in vocabulary.ATTRIBUTES.items()
}


def unknown_value(raw: Any) -> Value:
    """An attribute that the vocabulary lacks, kept as text: as it is, or as JSON."""
    if isinstance(raw, dict) and raw.keys() == {"value", "unit"} and isinstance(raw["unit"], str):
        return Value(str(raw["value"])[:_TEXT_LIMIT], raw["unit"])
    text = raw if isinstance(raw, str) else msgspec.json.encode(raw).decode()
    return Value(text[:_TEXT_LIMIT])
