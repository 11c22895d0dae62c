"""An answer is marked by the truth: what it is about, whether its cause and its action are right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controltower.simulation.score.answers import Said, order_of

Hit = Mapping[str, Any]
BY_THE_TOWER = ("action", "owner then action")


def is_about(said: Said, hits: Iterable[Hit]) -> bool:
    """Whether an exception speaks of something that was broken: its order, or the system at which it shows."""
    return any(_is_about(said, hit) for hit in hits)


def _is_about(said: Said, hit: Hit) -> bool:
    if said.subject and said.order in {order_of(subject) for subject in hit["subjects"]}:
        return True
    return said.system in (hit["system"], *hit.get("reaches", ()))


def names_cause(said: Said, hit: Hit) -> bool:
    """Whether it names one of the causes that are right."""
    return said.cause in hit["causes"] and _is_about(said, hit)


@dataclass
class Mark:
    """What one injection of one fault has earned."""

    fault: str
    injected: bool = False
    found: bool = False
    cause_right: bool = False
    action_right: bool = False
    mendable: bool = False
    mended: bool = False
    false: int = 0
    detect_seconds: float | None = None
    notes: list[str] = field(default_factory=list)
