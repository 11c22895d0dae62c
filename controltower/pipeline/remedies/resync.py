"""Tell a follower the owners' present values."""

from controltower.domain.exception import Case
from controltower.domain.remedy import RESYNC
from controltower.domain.subject import Subject, parse_subject
from controltower.pipeline.remedy import Cure
from controltower.pipeline.resync import resync
from controltower.pipeline.tower import Tower
from controltower.store import belief
from controltower.store.engine import reading


def _also(tower: Tower, subject: Subject, kind: str) -> list[Subject]:
    """What belongs to an order, of a kind."""
    with reading(tower.engine) as connection:
        held = belief.of_order(connection, subject.plant, subject.key) if kind else ()
        return sorted({each for each, _ in held if each.kind == kind})


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked = case.remedy.arguments
    subject = parse_subject(asked["subject"])
    made = list(resync(tower, subject, asked["target"], who, reason))
    for kin in _also(tower, subject, asked.get("also", "")):
        made += resync(tower, kin, asked["target"], who, reason)
    return f"{asked['target']} is told the present values of {subject} ({len(made)} messages)"


CURE = Cure(RESYNC, "Resync {target}", _do, "{target} is told what the owners hold now.")
