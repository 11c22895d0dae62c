"""The demo's scripted story: which fault strikes when, so that there is always something true to look at."""

from __future__ import annotations

from controltower.simulation.database import SystemDatabase

AGAIN_SECONDS = 240.0
SCENES = (
    (40.0, "stale-due-date", {"duration": 150.0}),
    (90.0, "confirmation-never-posted", {"duration": 120.0}),
)


def plan_story(database: SystemDatabase, moment: float, speed: float) -> None:
    """Put each scene on the network's agenda, real seconds from now, in place of an earlier story."""
    with database.transaction():
        database.forget_jobs("story")
        for real_seconds, fault, params in SCENES:
            body = {"fault": fault, "params": params, "again": AGAIN_SECONDS * speed}
            database.plan_job(moment + real_seconds * speed, "story", body)
