"""The demo's scripted story: which fault strikes when, so that there is always something true to look at."""

from __future__ import annotations

from controltower.simulation.database import SystemDatabase

AGAIN_SECONDS = 240.0
# Seconds into the demo, the fault, and for how many of the plants' minutes at the demo's usual speed.
FAST = 60.0
SCENES = ((40.0, "stale-due-date", 150.0), (90.0, "confirmation-never-posted", 120.0))
# In real time the followers' allowances are minutes of ours: what is broken must outlive them.
SHORTEST_MINUTES, SHORTEST_AGAIN = 20.0, 3600.0


def plan_story(database: SystemDatabase, moment: float, speed: float) -> None:
    """Put each scene on the network's agenda, real seconds from now, in place of an earlier story."""
    with database.transaction():
        database.forget_jobs("story")
        for real_seconds, fault, minutes in SCENES:
            params = {"duration": max(SHORTEST_MINUTES, minutes * speed / FAST)}
            body = {
                "fault": fault,
                "params": params,
                "again": max(AGAIN_SECONDS, SHORTEST_AGAIN / speed) * speed,
            }
            database.plan_job(moment + real_seconds * speed, "story", body)
