"""One change in Tryton on the way to what is wanted, and the ways in which there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Unwritable(Exception):
    """What cannot be said in Tryton's terms, and why."""


class NotWanted(Exception):
    """What Tryton's present state does not allow, told before it is asked for."""


class Contrary(Exception):
    """Tryton holds the opposite of what is wanted."""


@dataclass(frozen=True)
class Step:
    """One call. `stamps` (record -> the stamp that was read): Tryton refuses it where somebody changed a record since
    then, so that a call which was thought lost cannot be done a second time.

    `asks`: what it means when the button answers with a form instead of doing it. `vain`: what it means when it is
    needed again right after it was done.
    """

    words: str
    method: str
    params: tuple[Any, ...]
    stamps: Mapping[str, str] = field(default_factory=dict)
    asks: str = ""
    vain: str = "it changed nothing"


def press(
    words: str, model: str, button: str, ids: list[int], stamps: Mapping[str, str], **more: str
) -> Step:
    """A button for some records."""
    return Step(words, f"model.{model}.{button}", (ids,), stamps, **more)


def write(words: str, model: str, id: int, values: Mapping[str, Any], stamps: Mapping[str, str]) -> Step:
    """New values of one record."""
    return Step(words, f"model.{model}.write", ([id], dict(values)), stamps)


def create(words: str, model: str, rows: list[dict[str, Any]]) -> Step:
    """New records."""
    return Step(words, f"model.{model}.create", (rows,))
