"""Tell a follower the owners' present values."""

from controltower.domain.exception import Case
from controltower.domain.remedy import RESYNC
from controltower.domain.subject import parse_subject
from controltower.pipeline.remedy import Cure
from controltower.pipeline.resync import resync
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked = case.remedy.arguments
    subject = parse_subject(asked["subject"])
    made = resync(tower, subject, asked["target"], who, reason)
    return f"{asked['target']} is told the present values of {subject} ({len(made)} messages)"


CURE = Cure(RESYNC, "Resync {target}", _do)
