"""Reads one table by its keys, telling what is missing, misspelt or of the wrong type."""

from collections.abc import Iterator, Mapping
from typing import Any

from controltower.landscape_files import value
from controltower.landscape_files.environment import Unset
from controltower.landscape_files.key import Key
from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings, suggestion
from controltower.landscape_files.value import Reader, Wrong

Row = dict[str, Any]


def read_table(place: Place, given: Any, keys: tuple[Key, ...], findings: Findings) -> Row:
    """The values of a table, one for each key: its fallback (or None) where it is missing or wrong."""
    held = taken(place, given, value.table, findings)
    if held is None:
        return {key.name: key.fallback for key in keys}
    for name in held.keys() - {key.name for key in keys}:
        findings.error(place / name, "is no known key", suggestion(name, (key.name for key in keys)))
    return {key.name: _read(place / key.name, held, key, findings) for key in keys}


def _read(place: Place, held: Mapping[str, Any], key: Key, findings: Findings) -> Any:
    if key.name not in held:
        if key.required:
            findings.error(place, "is missing", f"Add {key.name} = ... ({key.type}: {key.meaning}).")
        return key.fallback
    read = taken(place, held[key.name], key.read, findings)
    return key.fallback if read is None else read


def taken(place: Place, given: Any, reader: Reader, findings: Findings) -> Any:
    """What a reader makes of a value; None when it is wrong, which is told."""
    if isinstance(given, Unset):
        return None
    try:
        return reader(given)
    except Wrong as wrong:
        findings.error(place, wrong.what, wrong.cure)
        return None


def tables_of(
    place: Place, given: Any, keys: tuple[Key, ...], findings: Findings
) -> Iterator[tuple[Place, str, Row]]:
    """Each named table of a table, read by the same keys."""
    for name, each in (taken(place, given, value.table, findings) or {}).items():
        yield place / name, name, read_table(place / name, each, keys, findings)


def rows_of(
    place: Place, given: Any, keys: tuple[Key, ...], findings: Findings
) -> Iterator[tuple[Place, Row]]:
    """Each table of a list of tables, read by the same keys."""
    for number, each in enumerate(taken(place, given, value.tables, findings) or ()):
        yield place / number, read_table(place / number, each, keys, findings)
