"""Values outside the files: `env:NAME` is read from the environment, or from the file that NAME_FILE names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controltower.landscape_files.place import Place
from controltower.landscape_files.problem import Findings

_REFERENCE = re.compile(r"env:(\S*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class FromEnvironment(str):
    """A text out of the environment: maybe a secret, so nothing that tells of it shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'(from the environment)'"


class Unset(FromEnvironment):
    """Stands for a value that the environment should have held; its absence has been told already."""

    __slots__ = ()


def resolved(given: Any, place: Place, environment: Mapping[str, str], findings: Findings) -> Any:
    """The same table, list or value with each `env:NAME` in it replaced; what is missing is told."""
    if isinstance(given, dict):
        return {name: resolved(each, place / name, environment, findings) for name, each in given.items()}
    if isinstance(given, list):
        return [resolved(each, place / n, environment, findings) for n, each in enumerate(given)]
    if isinstance(given, str) and (reference := _REFERENCE.fullmatch(given)):
        return _read(reference[1], place, environment, findings)
    return given


def _read(name: str, place: Place, environment: Mapping[str, str], findings: Findings) -> str:
    if not _NAME.fullmatch(name):
        findings.error(
            place, f"has no usable name after 'env:' ({name!r})", "Write env:NAME, such as env:ERP_TOKEN."
        )
        return Unset()
    if environment.get(name):
        return FromEnvironment(environment[name])
    file = environment.get(f"{name}_FILE")
    if file:
        return _read_file(f"{name}_FILE", file, place, findings)
    findings.error(
        place,
        f"needs the environment variable {name}, which is not set",
        f"Set {name}, or {name}_FILE to a file holding it.",
    )
    return Unset()


def _read_file(name: str, file: str, place: Place, findings: Findings) -> str:
    try:
        held = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        findings.error(
            place, f"cannot read the file that {name} names: {reason}", f"Let {name} name a readable file."
        )
        return Unset()
    if not held:
        findings.error(place, f"finds the file that {name} names empty", "Write the value into it.")
        return Unset()
    return FromEnvironment(held)
