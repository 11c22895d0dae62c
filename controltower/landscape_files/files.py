"""The TOML files of a configuration and of the one that it extends, with the environment read in."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controltower.landscape_files.environment import resolved
from controltower.landscape_files.place import Place, lines_of
from controltower.landscape_files.problem import Findings, suggestion
from controltower.landscape_files.value import said

FILES = (
    "plants",
    "systems",
    "ownership",
    "expectations",
    "flows",
    "interfaces",
    "routes",
    "rules",
    "service",
    "calendars",
    "notify",
    "slo",
)
# What makes two tables of a list the same one, when a configuration extends another.
IDENTITY = {
    "expectation": ("name",),
    "flow": ("name",),
    "interface": ("from", "to"),
    "notify": ("name",),
    "slo": ("name",),
}


@dataclass
class Entry:
    """One table (or list element) of a file: where it stands and what it holds.

    `replaces`: it takes the place of one of the configuration that this one extends."""

    place: Place
    held: Any
    directory: Path
    replaces: bool = False


@dataclass
class Files:
    """All that was read: file -> top-level name -> its entry; the elements of lists one by one, in order."""

    tables: dict[str, dict[str, Entry]] = field(default_factory=lambda: {name: {} for name in FILES})
    lists: dict[str, dict[tuple[Any, ...], Entry]] = field(
        default_factory=lambda: {name: {} for name in IDENTITY}
    )
    found: int = 0


def read_files(directory: Path, environment: Mapping[str, str], findings: Findings) -> Files:
    """Read a directory. What cannot be read is told and left out."""
    files = Files()
    _read_directory(directory, environment, findings, files, ())
    return files


def _read_directory(
    directory: Path, environment: Mapping[str, str], findings: Findings, files: Files, above: tuple[Path, ...]
) -> None:
    if not directory.is_dir():
        findings.error(
            Place(str(directory)), "is no directory", "Name the directory that holds systems.toml."
        )
        return
    found = {path.stem: path for path in sorted(directory.glob("*.toml"))}
    for name in found.keys() - set(FILES):
        findings.error(
            Place(str(found[name])), "is no file of the configuration",
            suggestion(found[name].name, (f"{known}.toml" for known in FILES)),
        )  # fmt: skip
    parsed = {name: read_toml(found[name], findings) for name in FILES if name in found}
    files.found += len(parsed)
    _extend(directory, parsed, environment, findings, files, above)
    for name, (place, held) in parsed.items():
        _add(name, place, resolved(held, place, environment, findings), directory, files, findings)


def _extend(
    directory: Path,
    parsed: dict[str, tuple[Place, dict[str, Any]]],
    environment: Mapping[str, str],
    findings: Findings,
    files: Files,
    above: tuple[Path, ...],
) -> None:
    """Read the configuration that this one extends, if any, so that this one's tables replace those."""
    place, service = parsed.get("service", (Place(""), {}))
    named = service.pop("extends", None)
    if named is None:
        return
    place = place / "extends"
    if not isinstance(named, str) or not (directory / named).is_dir():
        findings.error(place, "must name a directory", 'Write it relative to this file: extends = "../demo"')
    elif (directory / named).resolve() in (directory.resolve(), *above):
        findings.error(place, "leads back to where it began", "Let one of the two stand alone.")
    else:
        _read_directory(Path(directory, named), environment, findings, files, (*above, directory.resolve()))


def read_toml(path: Path, findings: Findings) -> tuple[Place, dict[str, Any]]:
    """A TOML file and its place; an empty table where it cannot be read, which is told with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        findings.error(Place(str(path)), f"cannot be read: {reason}", "Mend the file or its permissions.")
        return Place(str(path)), {}
    place = Place(str(path), (), lines_of(text))
    try:
        return place, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        findings.error(
            place, f"is no TOML: {error}", "Mend that line; the rest of the file was not looked at."
        )
        return place, {}


def _add(
    name: str, place: Place, held: dict[str, Any], directory: Path, files: Files, findings: Findings
) -> None:
    for key, value in held.items():
        if key not in IDENTITY or not isinstance(value, list):
            before = key in files.tables[name]
            files.tables[name][key] = Entry(place / key, value, directory, before)
            continue
        for number, row in enumerate(value):
            entry = Entry(place / key / number, row, directory)
            _add_row(key, entry, files, findings)


def _add_row(key: str, entry: Entry, files: Files, findings: Findings) -> None:
    """Take one element of a list; one of an extended configuration gives way to its namesake here."""
    row = entry.held if isinstance(entry.held, dict) else {}
    named = [row.get(part, "") for part in IDENTITY[key]]
    identity: tuple[Any, ...] = tuple(map(str, named))
    if not all(identity):
        identity = (entry.place.file, entry.place.path)
    before = files.lists[key].get(identity)
    if before is not None and before.place.file == entry.place.file:
        findings.error(
            entry.place,
            f"is there twice: {' to '.join(map(said, named))}",
            "Keep one of the two, or name it anew.",
        )
    entry.replaces = before is not None
    files.lists[key][identity] = entry
