"""Two quantities whose difference tells why: another unit, a misread decimal mark, digits lost in rounding."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from controltower.domain.value import Value, read_decimal

UNIT, DECIMAL, ROUNDING = "unit-mismatch", "decimal-error", "rounding"
# What a dozen, a gross, a metre and a centimetre, a piece and a box of ten or a hundred make of each other.
_UNIT_FACTORS = (10, 12, 100, 144)
_MARK_FACTORS = (1000, 1_000_000)
# How exact a factor must be: the counts are rounded before they are converted, or after.
_EXACT = Decimal("0.001")
_LOST_DIGITS = Decimal("0.5")
_LOST_SHARE = Decimal("0.01")


class Mismatch(NamedTuple):
    """Why two quantities differ, as a short name, and the words for people."""

    code: str
    words: str


def between(one: Value, other: Value) -> Mismatch | None:
    """What the difference of two quantities tells; None where it tells nothing (or one is no number)."""
    if one.unit != other.unit:
        return Mismatch(
            UNIT, f"one counts in {one.unit or 'no unit'}, the other in {other.unit or 'no unit'}"
        )
    try:
        low, high = sorted((abs(read_decimal(one.text)), abs(read_decimal(other.text))))
    except ValueError:
        return None
    if low == high or low == 0:
        return None
    return _rounded(low, high) or _scaled(low, high)


def _rounded(low: Decimal, high: Decimal) -> Mismatch | None:
    whole = low == low.to_integral_value() and high == high.to_integral_value()
    apart = high - low
    if whole or apart >= _LOST_DIGITS or apart > high * _LOST_SHARE:
        return None
    return Mismatch(ROUNDING, f"only the last digits differ, by {apart.normalize():f}")


def _scaled(low: Decimal, high: Decimal) -> Mismatch | None:
    for code, factors in ((DECIMAL, _MARK_FACTORS), (UNIT, _UNIT_FACTORS)):
        factor = _factor(low, high, factors)
        if factor:
            words = "a decimal mark was misread" if code == DECIMAL else "they count in different units"
            return Mismatch(code, f"one is {factor} times the other, as where {words}")
    return None


def _factor(low: Decimal, high: Decimal, factors: Iterable[int]) -> int:
    return next((each for each in factors if abs(high / low / each - 1) <= _EXACT), 0)
