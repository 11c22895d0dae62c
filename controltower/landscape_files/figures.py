"""The figures of single rules: rules.toml may set each under [rule.NAME]; what a rule has it says itself."""

import datetime
from collections.abc import Mapping
from typing import Any

from controltower.landscape_files import value
from controltower.landscape_files.key import Key
from controltower.rules import gathering, signal
from controltower.rules.checks import CHECKS
from controltower.rules.sightings import SIGHTINGS
from controltower.rules.watched import WATCHED


def _figures() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {
        each.rule: {"grace": each.grace, **each.figures} for each in CHECKS.values()
    }
    found |= {each.rule: each.figures for each in SIGHTINGS.values() if each.figures}
    return {**found, **WATCHED, **gathering.FIGURES, **signal.FIGURES}


FIGURES = _figures()
RULES = tuple(FIGURES)


def keys_of(rule: str) -> tuple[Key, ...] | None:
    """The keys of a rule's table; None for a rule that has no figures."""
    held = FIGURES.get(rule)
    if held is None:
        return None
    return tuple(_key(name, usual) for name, usual in held.items())


def _key(name: str, usual: Any) -> Key:
    if isinstance(usual, datetime.timedelta):
        return Key(name, "duration", value.duration, f"usually {usual}")
    return Key(name, "number", value.number, f"usually {usual}")
