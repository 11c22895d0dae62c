"""The tables of a mapping file that say how a system is written to: [send.<kind>], one or several cases."""

from collections import abc
from typing import Any, Literal

import msgspec

from controltower.connectors.generic_rest import spec
from controltower.connectors.reading import place_of


class Part(spec.Table, frozen=True):
    """One value that is written. `from`: JMESPath over what is sent; `map`: canonical text -> native text; `format`
    and `zone`: how a time is written; `as`: its type in JSON; `required`: without it nothing is sent."""

    from_: str = msgspec.field(name="from")
    map: dict[str, str] = msgspec.field(default_factory=dict)
    format: str = ""
    zone: str = ""
    as_: Literal["", "text", "number", "integer", "flag"] = msgspec.field(name="as", default="")
    required: bool = False


class Answer(spec.Table, frozen=True):
    """One answer of the target by its status, and where that is not enough by JMESPath over its body."""

    status: int
    when: str = ""


class Refusal(spec.Table, frozen=True):
    """A refusal behind a good status: JMESPath over the answer's body, and where its words stand."""

    when: str
    words: str = ""


class ReadBack(spec.Table, frozen=True):
    """How it is seen whether a sending arrived: JMESPath over {answer, sent, body}. Where `absent` is left out, what
    is not there is absent."""

    path: str
    there: str
    absent: str = ""


class Case(spec.Table, frozen=True):
    """How one kind of subject, or one case of it, is written. `values` hold the tables of a Part each.

    `duplicate`: its answer "I have had this key". `busy`: its answer "I am still at it, ask again"."""

    path: str
    body: Any = None
    when: str = ""
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"
    values: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    idempotency: str = ""
    bare_key: bool = False
    duplicate: Answer | None = None
    busy: Answer | None = None
    refused: Refusal | None = None
    read_back: ReadBack | None = None


Cases = dict[str, dict[str, Case]]


def read(mapping: abc.Mapping[str, Any]) -> tuple[Cases, list[str]]:
    """The cases of each kind of subject by their place in the file, in order; and a line for each one that cannot be
    read (place and fault)."""
    problems: list[str] = []
    given = mapping.get("send", {})
    if not isinstance(given, dict):
        return {}, ["send: must be a table of kinds, such as [send.order]"]
    return {kind: _cases(kind, tables, problems) for kind, tables in given.items()}, problems


def _cases(kind: str, given: Any, problems: list[str]) -> dict[str, Case]:
    tables = {f"send.{kind}": given}
    if isinstance(given, list):
        tables = {f"send.{kind}.{number}": each for number, each in enumerate(given)}
    cases = {}
    for place, table in tables.items():
        try:
            cases[place] = msgspec.convert(table, Case)
        except msgspec.ValidationError as error:
            pointer, message = place_of(error)
            problems.append(f"{place}{pointer.replace('/', '.')}: {message}")
    return cases
