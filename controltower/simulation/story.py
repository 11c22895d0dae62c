"""The demo's scripted story: which fault strikes when, so that there is always something true to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from controltower.simulation.database import SystemDatabase

AGAIN_SECONDS = 240.0
FAST = 60.0


class Scene(NamedTuple):
    """Seconds into the demo, the fault, and for how many of the plants' minutes at the demo's usual speed."""

    after: float
    fault: str
    minutes: float


SCENES = (Scene(40.0, "stale-due-date", 150.0), Scene(90.0, "confirmation-never-posted", 120.0))
# Where the tower carries everything, what can break is a system itself.
AT_THE_DOOR = (Scene(40.0, "answer-lost", 60.0), Scene(90.0, "target-down", 5.0))
# In real time the followers' allowances are minutes of ours: what is broken must outlive them.
SHORTEST_MINUTES, SHORTEST_AGAIN = 20.0, 3600.0


def plan_story(
    database: SystemDatabase, moment: float, speed: float, scenes: Sequence[Scene] = SCENES
) -> None:
    """Put each scene on the network's agenda, real seconds from now, in place of an earlier story."""
    with database.transaction():
        database.forget_jobs("story")
        for real_seconds, fault, minutes in scenes:
            params = {"duration": max(SHORTEST_MINUTES, minutes * speed / FAST)}
            body = {
                "fault": fault,
                "params": params,
                "again": max(AGAIN_SECONDS, SHORTEST_AGAIN / speed) * speed,
            }
            database.plan_job(moment + real_seconds * speed, "story", body)
