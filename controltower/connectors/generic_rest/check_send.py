"""What is wrong with the [send] tables of a mapping file, in plain words: the place, and what to write instead."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from controltower.connectors.generic_rest import send_spec
from controltower.connectors.generic_rest.expression import Expression
from controltower.connectors.generic_rest.times import time_writer
from controltower.connectors.generic_rest.written import DOCUMENT, holes
from controltower.connectors.reading import place_of
from controltower.domain import vocabulary

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_KEPT_FOR_SETTINGS = frozenset({"authorization", "cookie", "proxy-authorization"})
_STATUS = ("attributes", "status", "value")


class Scope(NamedTuple):
    """What the expressions of a place may read: the attributes of a kind, and these names."""

    kind: str
    names: frozenset[str]


def send_problems(mapping: Mapping[str, Any]) -> list[str]:
    """A line for each mistake in the [send] tables."""
    found, problems = send_spec.read(mapping)
    for kind, cases in found.items():
        if kind not in vocabulary.KINDS:
            problems.append(f"send.{kind}: {kind!r} is none of {', '.join(sorted(vocabulary.KINDS))}")
            continue
        for place, case in cases.items():
            problems += [f"{place}.{problem}" for problem in _case_problems(kind, case)]
        for place, case in list(cases.items())[:-1]:
            if not case.when:
                problems.append(
                    f"{place}.when: is missing, so that the cases after it are never used; add one"
                )
    return problems


def _case_problems(kind: str, case: send_spec.Case) -> list[str]:
    bare = Scope(kind, DOCUMENT - {"values"})
    scope = Scope(kind, DOCUMENT) if case.values else bare
    problems = _path_problems("path", case.path, scope)
    if case.when:
        problems += _expression_problems("when", case.when, bare)
    for name, table in case.values.items():
        problems += _part_table_problems(f"values.{name}", table, bare)
    if case.body is not None:
        problems += _node_problems("body", case.body, scope)
    problems += _header_problems(case, scope)
    problems += _answer_problems(case)
    return problems + _read_back_problems(case, scope)


def _path_problems(place: str, path: str, scope: Scope) -> list[str]:
    problems = [] if path.startswith("/") else [f"{place}: must begin with /"]
    try:
        expressions = holes(path)
    except ValueError as error:
        return [*problems, f"{place}: {error}"]
    for text in expressions:
        problems += _expression_problems(place, text, scope)
    return problems


def _node_problems(place: str, given: Any, scope: Scope) -> list[str]:
    if isinstance(given, str):
        return _expression_problems(place, given, scope)
    if isinstance(given, dict) and isinstance(given.get("from"), str):
        return _part_table_problems(place, given, scope)
    if isinstance(given, dict | list):
        members = given.items() if isinstance(given, dict) else enumerate(given)
        return [line for name, each in members for line in _node_problems(f"{place}.{name}", each, scope)]
    if isinstance(given, bool | int | float):
        return []
    return [f"{place}: must be an expression, a table, a list, a number, or true or false"]


def _part_table_problems(place: str, given: dict[str, Any], scope: Scope) -> list[str]:
    try:
        return _part_problems(place, msgspec.convert(given, send_spec.Part), scope)
    except msgspec.ValidationError as error:
        where, message = place_of(error)
        return [f"{place}{where.replace('/', '.')}: {message}"]


def _part_problems(place: str, part: send_spec.Part, scope: Scope) -> list[str]:
    problems = _expression_problems(f"{place}.from", part.from_, scope)
    problems += _tried(f"{place}.zone", lambda: _zone_named(part.zone))
    if part.format:
        problems += _tried(f"{place}.format", lambda: time_writer(part.format, ZoneInfo("UTC")))
    statuses = vocabulary.STATUSES.get(scope.kind)
    if part.map and statuses and _path_of(part.from_) == _STATUS:
        listed = ", ".join(sorted(statuses))
        wrong = sorted(set(part.map) - statuses)
        problems += [f"{place}.map: {each!r} is no status of {scope.kind}; use {listed}" for each in wrong]
    return problems


def _expression_problems(place: str, text: str, scope: Scope) -> list[str]:
    try:
        expression = Expression(text)
    except ValueError as error:
        return [f"{place}: {error}"]
    strange = sorted(expression.fields - scope.names)
    problems = [f"{place}: {name!r} is none of {', '.join(sorted(scope.names))}" for name in strange]
    return problems + _attribute_problems(place, expression.path, scope.kind)


def _attribute_problems(place: str, path: tuple[str, ...] | None, kind: str) -> list[str]:
    if not path or path[0] != "attributes" or len(path) < 2:
        return []
    if path[1] not in vocabulary.ATTRIBUTES[kind]:
        listed = ", ".join(vocabulary.ATTRIBUTES[kind])
        return [f"{place}: {kind} has no attribute {path[1]!r}; it has {listed}"]
    if len(path) != 3 or path[2] not in ("value", "unit", "native"):
        return [f"{place}: write attributes.{path[1]}.value, or .unit, or .native"]
    return []


def _header_problems(case: send_spec.Case, scope: Scope) -> list[str]:
    problems = []
    for name, text in case.headers.items():
        place = f"headers.{name}"
        problems += _expression_problems(place, text, scope)
        problems += _header_name_problems(place, name)
    if case.idempotency:
        problems += _header_name_problems("idempotency", case.idempotency)
    elif case.bare_key:
        problems.append('bare_key: needs idempotency = "Idempotency-Key", the header that carries the key')
    return problems


def _header_name_problems(place: str, name: str) -> list[str]:
    if not _TOKEN.fullmatch(name):
        return [f'{place}: {name!r} is no name of a header; write one such as "Idempotency-Key"']
    if name.lower() in _KEPT_FOR_SETTINGS:
        return [f"{place}: credentials stand in the system's settings (auth, token); take it out"]
    return []


def _answer_problems(case: send_spec.Case) -> list[str]:
    """Expressions over the target's own answers: their names are the target's."""
    problems = []
    for name, answer in (("duplicate", case.duplicate), ("busy", case.busy)):
        if answer is not None:
            if not 300 <= answer.status < 600:
                problems.append(f"{name}.status: must be the status of a refusal, such as 409")
            problems += _compiled(f"{name}.when", answer.when)
    if case.refused:
        problems += _compiled("refused.when", case.refused.when or "''")
        problems += _compiled("refused.words", case.refused.words)
    return problems


def _read_back_problems(case: send_spec.Case, scope: Scope) -> list[str]:
    if case.read_back is None:
        return []
    problems = _path_problems("read_back.path", case.read_back.path, scope)
    for name, text in (("there", case.read_back.there), ("absent", case.read_back.absent)):
        if not text and name == "absent":
            continue
        place = f"read_back.{name}"
        compiled = _compiled(place, text or "(")
        problems += compiled
        if not compiled:
            strange = sorted(Expression(text).fields - {"answer", "sent", "body"})
            problems += [f"{place}: {each!r} is none of answer, sent, body" for each in strange]
    return problems


def _compiled(place: str, text: str) -> list[str]:
    return _tried(place, lambda: Expression(text)) if text else []


def _path_of(text: str) -> tuple[str, ...] | None:
    try:
        return Expression(text).path
    except ValueError:
        return None


def _zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise ValueError(f"zone {name!r} is not known; write one such as Europe/Paris") from None


def _tried(place: str, step: Callable[[], object]) -> list[str]:
    try:
        step()
    except ValueError as error:
        return [f"{place}: {error}"]
    return []
