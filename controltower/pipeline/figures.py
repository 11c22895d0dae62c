"""The figures of the rules by which exceptions live: as a site declares them, else their usual values."""

from typing import Any

from controltower.domain.landscape import Landscape
from controltower.rules.gathering import FIGURES


def figure(landscape: Landscape, rule: str, name: str) -> Any:
    """One of them: a number or a timedelta."""
    return landscape.limits.of(rule, name, FIGURES[rule][name])
