"""Other ways in which a system may write one and the same number: letters, blanks, leading zeros."""

import re

_DIGITS = re.compile(r"\d+")
# SAP pads an order's number to twelve digits; nobody pads further.
_LONGEST = 12


def others(key: str) -> list[str]:
    """How else a key may be written."""
    bare = "".join(key.split())
    found = {bare}
    for padded in _zeros(bare):
        found |= {padded, padded.upper(), padded.lower()}
    return sorted(found - {key})


def _zeros(key: str) -> list[str]:
    """The key with leading zeros of its last digits taken away, or added."""
    runs = list(_DIGITS.finditer(key))
    if not runs:
        return [key]
    run = runs[-1]
    number = run.group().lstrip("0") or "0"
    head, tail = key[: run.start()], key[run.end() :]
    return [f"{head}{number.zfill(length)}{tail}" for length in range(len(number), _LONGEST + 1)] + [key]
