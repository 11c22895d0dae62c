"""JMESPath expressions, compiled once; plain field paths take a short way."""

from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError

from controltower.connectors.reading import pointer
from controltower.domain.value import read_decimal, write_decimal

# The children of these are evaluated on what their first child gave, not on the record itself.
_CHAINED = frozenset(
    [
        "subexpression",
        "index_expression",
        "projection",
        "filter_projection",
        "value_projection",
        "flatten",
        "pipe",
    ]
)


class _Functions(functions.Functions):
    """What JMESPath lacks to take composed keys apart, such as "LYON/WH1"."""

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, separator: str, text: str) -> list[str]:
        return text.split(separator) if separator else [text]

    @functions.signature({"types": ["string"]}, {"types": ["string"]}, {"types": ["string"]})
    def _func_replace(self, old: str, new: str, text: str) -> str:
        return text.replace(old, new)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


class Expression:
    """One expression of a mapping. `fields` are the top-level names that it reads of a record."""

    def __init__(self, text: str) -> None:
        """Raises ValueError when the text is no JMESPath."""
        self.text = text
        try:
            self._compiled = jmespath.compile(text)
        except JMESPathError as error:
            raise ValueError(f"{text!r} is no JMESPath expression: {str(error).splitlines()[0]}") from None
        self.path = _plain_path(self._compiled.parsed)
        self.fields = frozenset(_root_fields(self._compiled.parsed))
        self.pointer = pointer(*self.path) if self.path else pointer(*sorted(self.fields)[:1])

    def search(self, record: Any) -> Any:
        """The value in a record, None where there is none. ValueError when it cannot be evaluated."""
        if self.path is None:
            try:
                return self._compiled.search(record, options=_OPTIONS)
            except (JMESPathError, TypeError, ArithmeticError) as error:
                raise ValueError(f"{self.text!r} cannot be evaluated: {str(error).splitlines()[0]}") from None
        for name in self.path:
            if not isinstance(record, dict):
                return None
            record = record.get(name)
        return record

    def text_of(self, record: Any) -> str:
        """The value as text, "" where there is none."""
        return as_text(self.search(record))


def plain_path(text: str) -> tuple[str, ...]:
    """The keys of a dotted path; () for "@". ValueError for a richer expression."""
    path = Expression(text).path
    if path is None:
        raise ValueError(f'{text!r} must be a plain path such as "rows" or "data.items", or "@"')
    return path


def as_text(found: Any) -> str:
    """A JSON scalar as text: 12.0 -> "12", true -> "true", null -> "". ValueError for anything else."""
    if isinstance(found, str):
        return found
    if found is None:
        return ""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int):
        return str(found)
    if isinstance(found, float):
        return write_decimal(read_decimal(repr(found)))
    raise ValueError("must be a single value, not a list or an object")


def _plain_path(node: dict[str, Any]) -> tuple[str, ...] | None:
    """The names of `a.b.c`; () of `@`; None of anything richer."""
    if node["type"] == "current":
        return ()
    if node["type"] == "field":
        return (node["value"],)
    if node["type"] == "subexpression":
        steps = [_plain_path(child) for child in node["children"]]
        if all(steps):
            return tuple(name for step in steps if step for name in step)
    return None


def _root_fields(node: dict[str, Any]) -> set[str]:
    if node["type"] == "field":
        return {node["value"]}
    children = node.get("children", [])
    if node["type"] in _CHAINED:
        children = children[:1]
    return {name for child in children if isinstance(child, dict) for name in _root_fields(child)}
