"""How a canonical message becomes what a mapped system wants: values, a path, headers and a JSON body."""

import decimal
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controltower.connectors.contract import Outgoing
from controltower.connectors.generic_rest.expression import Expression, as_text
from controltower.connectors.generic_rest.send_spec import Part
from controltower.connectors.generic_rest.times import time_writer
from controltower.domain.value import read_decimal, read_time, write_time

# What the expressions of a [send] table read.
DOCUMENT = frozenset(
    "subject plant kind key type source attributes refs occurred_at ordinal idempotency_key values".split()
)
Document = dict[str, Any]
Writer = Callable[[Document], Any]

_HOLE = re.compile(r"\{([^{}]*)\}")
_CLIMBS = re.compile(r"(^|/)\.{1,2}(/|$)")
encode = msgspec.json.Encoder(decimal_format="number").encode


def document(outgoing: Outgoing) -> Document:
    """What the expressions of a mapping read: names of the message and its canonical values."""
    subject = outgoing.subject
    return {
        "subject": str(subject),
        "plant": subject.plant,
        "kind": subject.kind,
        "key": subject.key,
        "type": outgoing.type,
        "source": outgoing.source,
        "attributes": {
            name: {"value": held.text, "unit": held.unit, "native": held.native}
            for name, held in outgoing.attributes.items()
        },
        "refs": dict(outgoing.refs),
        "occurred_at": write_time(outgoing.occurred_at),
        "ordinal": outgoing.ordinal,
        "idempotency_key": outgoing.key,
    }


def part(table: Mapping[str, Any], zone: ZoneInfo) -> Writer:
    """A function that gives the value of a Part's table, None where the message does not hold it. Raises ValueError
    for a table that is none."""
    spec = msgspec.convert(table, Part)
    source = Expression(spec.from_)
    write = time_writer(spec.format, ZoneInfo(spec.zone) if spec.zone else zone) if spec.format else None
    typed = _TYPES.get(spec.as_)

    def value(held: Document) -> Any:
        found = source.search(held)
        if found is None or found == "":
            if spec.required:
                raise ValueError(f"it needs {spec.from_}, which it does not hold")
            return None
        if not (spec.map or write or typed):
            return found
        text = _mapped(spec, as_text(found))
        text = write(read_time(text)) if write else text
        return typed(text) if typed else text

    return value


def _mapped(spec: Part, text: str) -> str:
    if not spec.map:
        return text
    if text not in spec.map:
        raise ValueError(f"{spec.from_} is {text!r}, for which the mapping has no native word")
    return spec.map[text]


def node(given: Any, zone: ZoneInfo) -> Writer:
    """A function that gives one node of a body: text is an expression, a table with `from` a Part, other tables and
    lists hold nodes, and any other scalar stands for itself. Raises ValueError."""
    if isinstance(given, str):
        return Expression(given).search
    if isinstance(given, dict):
        if isinstance(given.get("from"), str):
            return part(given, zone)
        return _object({name: node(each, zone) for name, each in given.items()})
    if isinstance(given, list):
        items = [node(each, zone) for each in given]
        return lambda held: [found for item in items if (found := item(held)) is not None]
    return lambda _: given


def _object(members: Mapping[str, Writer]) -> Writer:
    """A JSON object; what the message does not hold is left out."""

    def value(held: Document) -> dict[str, Any]:
        found = {name: member(held) for name, member in members.items()}
        return {name: each for name, each in found.items() if each is not None}

    return value


def holes(template: str) -> list[str]:
    """The expressions in a path. ValueError for a brace without its partner."""
    if set("{}") & set(_HOLE.sub("", template)):
        raise ValueError(f"{template!r} has a brace without its partner; write {{<expression>}}")
    return _HOLE.findall(template)


def template(text: str) -> Callable[[Document], str]:
    """A function that fills a path, each value percent-encoded. Raises ValueError for an unusable template."""
    expressions = {hole: Expression(hole) for hole in holes(text)}

    def filled(held: Document) -> str:
        def one(hole: re.Match[str]) -> str:
            found = expressions[hole[1]].text_of(held)
            if not found:
                raise ValueError(f"its address needs {hole[1]}, which it does not hold")
            return urllib.parse.quote(found, safe="")

        path = _HOLE.sub(one, text)
        if _CLIMBS.search(path.partition("?")[0]):
            raise ValueError(f"its address {path!r} would climb out of its place")
        return path

    return filled


def structured(key: str) -> str:
    """A string of HTTP structured fields, as the draft of Idempotency-Key asks: in double quotes."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _integer(text: str) -> int:
    number = read_decimal(text)
    if number != number.to_integral_value():
        raise ValueError(f"{text!r} is no whole number")
    return int(number)


def _number(text: str) -> decimal.Decimal:
    return read_decimal(text)


_TYPES: dict[str, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
}
