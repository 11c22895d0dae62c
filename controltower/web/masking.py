"""Payloads as people may read them: indented, secrets masked, the faulty place marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MASK = "••••••"
LONGEST = 200_000  # characters of a payload that a page shows
SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authorization|cookie|api[-_]?key|signature|credential|private[-_]?key",
    re.IGNORECASE,
)
SECRET_TEXT = re.compile(
    r"(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{6,}|whsec_[A-Za-z0-9+/=]+|(?<=//)[^/@\s:]+:[^/@\s]+(?=@)"
)


@dataclass(frozen=True)
class Line:
    """One line of a shown payload; `fault` says what is wrong at this place."""

    text: str
    fault: str = ""


def masked(held: Any) -> Any:
    """The same structure with what looks like a secret replaced; nothing else changes."""
    if isinstance(held, Mapping):
        return {key: MASK if is_secret(key, value) else masked(value) for key, value in held.items()}
    if isinstance(held, list):
        return [masked(each) for each in held]
    return SECRET_TEXT.sub(MASK, held) if isinstance(held, str) else held


def is_secret(name: object, value: Any) -> bool:
    return bool(value) and not isinstance(value, (dict, list)) and bool(SECRET_NAME.search(str(name)))


def masked_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Headers by name, secrets masked."""
    return sorted(
        (name, MASK if SECRET_NAME.search(name) else SECRET_TEXT.sub(MASK, held))
        for name, held in headers.items()
    )


def lines(body: bytes, faults: Iterable[Mapping[str, Any]] = ()) -> tuple[list[Line], bool]:
    """The body line by line and whether it was cut. JSON is indented; other text stays; bytes are told by length."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return [Line(f"{len(body)} bytes that are not text, first: {body[:32].hex(' ')}")], False
    marks = {pointer_of(fault): str(fault.get("message", "")) for fault in faults}
    try:
        return cut(list(write(masked(json.loads(text)), "", "", marks)))
    except (ValueError, RecursionError):  # no JSON, or nested deeper than anybody reads
        shown = SECRET_TEXT.sub(MASK, text[:LONGEST])
        return [Line(each) for each in shown.splitlines()], len(text) > LONGEST


def pointer_of(fault: Mapping[str, Any]) -> str:
    return str(fault.get("pointer", ""))


def cut(written: list[Line]) -> tuple[list[Line], bool]:
    total = 0
    for place, line in enumerate(written):
        total += len(line.text) + 1
        if total > LONGEST:
            return written[:place], True
    return written, False


def write(
    held: Any, pointer: str, lead: str, marks: Mapping[str, str], name: str = "", end: str = ""
) -> Iterable[Line]:
    """Indented JSON, a line at a time, each knowing its RFC 6901 pointer so that faults can be marked."""
    fault = marks.get(pointer, "")
    label = f"{json.dumps(name, ensure_ascii=False)}: " if name else ""
    if isinstance(held, dict) and held:
        yield Line(f"{lead}{label}{{", fault)
        yield from write_parts(
            [(key, f"{pointer}/{escaped(key)}", value) for key, value in held.items()], lead, marks
        )
        yield Line(f"{lead}}}{end}")
    elif isinstance(held, list) and held:
        yield Line(f"{lead}{label}[", fault)
        yield from write_parts(
            [("", f"{pointer}/{place}", value) for place, value in enumerate(held)], lead, marks
        )
        yield Line(f"{lead}]{end}")
    else:
        yield Line(f"{lead}{label}{json.dumps(held, ensure_ascii=False)}{end}", fault)


def write_parts(parts: list[tuple[str, str, Any]], lead: str, marks: Mapping[str, str]) -> Iterable[Line]:
    for place, (name, pointer, value) in enumerate(parts):
        yield from write(value, pointer, lead + "  ", marks, name, "," if place < len(parts) - 1 else "")


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
