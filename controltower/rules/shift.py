"""A shift that nobody clocked out: by the books its people are at work, though the next shift has begun
(catalogue 79)."""

import datetime

from controltower.domain.belief import Belief
from controltower.domain.event import event_id
from controltower.domain.exception import Case
from controltower.domain.landscape import Landscape
from controltower.domain.subject import Subject

OPEN_SHIFT = "open-shift"
# How long a shift may go on after the next one has begun, and how long any may last.
FIGURES = {OPEN_SHIFT: {"overlap": datetime.timedelta(minutes=30), "longest": datetime.timedelta(hours=16)}}
OVER = "The shift was clocked out."


def case_of(
    subject: Subject, running: Belief, since: datetime.datetime, why: str, landscape: Landscape
) -> Case:
    """The exception of a shift that runs on since a moment."""
    system = landscape.system(running.system)
    evidence = {"what": "the shift began", "message": str(running.position.message), "event": ""}
    identity = event_id(running.system, f"{subject}\n{running.position.message}")
    return Case(
        id=f"{OPEN_SHIFT}-{identity}",
        rule=OPEN_SHIFT,
        title=f"Shift not clocked out: {subject.key} in {subject.plant}",
        severity="C",
        opened_at=since,
        subject=subject,
        system=running.system,
        team=system.team,
        tier=system.tier,
        cause="Missing clock-out",
        why=why,
        action="Have the supervisor clock the shift out by hand: until then its hours are booked as worked.",
        evidence=({**evidence, "subject": str(subject)},),
        last_at=running.learnt_at,
        key=str(subject),
    )
