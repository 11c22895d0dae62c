"""The demo's scripted story: which fault strikes when, so that there is always something true to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from controltower.simulation.database import SystemDatabase

AGAIN_SECONDS = 240.0
FAST = 60.0


class Scene(NamedTuple):
    """Seconds into the demo, the fault, and for how many of the plants' minutes at the demo's usual speed.

    `least` are its minutes at any speed: in real time the followers' allowances are minutes of ours, which a drift
    must outlive."""

    after: float
    fault: str
    minutes: float
    least: float = 20.0

    def lasts(self, speed: float) -> float:
        """The plants' minutes at some speed of their clock."""
        return max(self.least, self.minutes * speed / FAST)


SCENES = (Scene(40.0, "stale-due-date", 150.0), Scene(90.0, "confirmation-never-posted", 120.0))
# Where the tower carries everything, what can break is a system itself: for two or three minutes of ours.
AT_THE_DOOR = (Scene(40.0, "answer-lost", 180.0, 0.0), Scene(90.0, "target-down", 120.0, 0.0))
SHORTEST_AGAIN = 3600.0


def plan_story(
    database: SystemDatabase, moment: float, speed: float, scenes: Sequence[Scene] = SCENES
) -> None:
    """Put each scene on the network's agenda, real seconds from now, in place of an earlier story."""
    with database.transaction():
        database.forget_jobs("story")
        for scene in scenes:
            body = {
                "fault": scene.fault,
                "params": {"duration": scene.lasts(speed)},
                "again": max(AGAIN_SECONDS, SHORTEST_AGAIN / speed) * speed,
            }
            database.plan_job(moment + scene.after * speed, "story", body)
