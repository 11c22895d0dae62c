"""What nobody looks after: dead letters that nobody reads, jobs that do not run, a disk that fills."""

import datetime

from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import System

UNREAD, JOB, DISK = "dead-letters-unread", "job-dead", "disk-low"


def unread(dead: Case, due: datetime.datetime) -> Case:
    """The exception of dead letters that nobody has taken up; `dead` is the one about their failure group."""
    return Case(
        id=f"{UNREAD}-{event_id(dead.id, dead.opened_at.isoformat())}",
        rule=UNREAD,
        title=f"Nobody has looked at it: {dead.title}",
        severity="A",
        opened_at=due,
        system=dead.system,
        team=dead.team,
        tier=dead.tier,
        cause="Dead letters unread",
        why=f"Open since {dead.opened_at:%Y-%m-%d %H:%M} UTC, acknowledged by nobody. {dead.why}",
        action=dead.action,
        evidence=dead.evidence,
        sightings=dead.sightings,
        last_at=due,
        key=dead.key,
        remedy=dead.remedy,
    )


def job_dead(system: System, since: datetime.datetime, due: datetime.datetime) -> Case:
    """The exception of a source that the tower itself has ceased to ask."""
    return Case(
        id=f"{JOB}-{event_id(system.id, since.isoformat())}",
        rule=JOB,
        title=f"No longer read: {system.title}",
        severity="A",
        opened_at=due,
        system=system.id,
        team=system.team,
        tier=system.tier,
        cause="Scheduled job dead",
        why=f"The tower's own job that reads {system.title} has not run since {since:%Y-%m-%d %H:%M} UTC; others run.",
        action="Start the tower's worker again and look for the job in its log; it catches up by itself.",
        last_at=since,
        key=f"poll {system.id}",
    )


def inbox_stuck(oldest: datetime.datetime, due: datetime.datetime) -> Case:
    """The exception of an inbox from which nothing is taken any more."""
    return Case(
        id=f"{JOB}-{event_id('record', oldest.isoformat())}",
        rule=JOB,
        title="Messages wait in the inbox",
        severity="A",
        opened_at=due,
        cause="Scheduled job dead",
        why=f"A message that came at {oldest:%Y-%m-%d %H:%M} UTC is still not recorded.",
        action="Start the tower's worker again and look for the job 'record' in its log; it catches up by itself.",
        last_at=oldest,
        key="record",
    )


def disk_low(place: str, free: float, now: datetime.datetime) -> Case:
    """The exception of a database whose disk is nearly full; `free` in megabytes."""
    return Case(
        id=f"{DISK}-{event_id(place, now.date().isoformat())}",
        rule=DISK,
        title="The disk of the database is nearly full",
        severity="A",
        opened_at=now,
        cause="Disk low",
        why=f"Only about {round(free, -2):.0f} MB are free.",
        action="Make room or move the database; when it is full, no message can be taken any more.",
        last_at=now,
        key="disk",
    )
