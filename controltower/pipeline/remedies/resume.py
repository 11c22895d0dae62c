"""Let an interface run again, after its credentials were renewed."""

from controltower.domain.exception import Case
from controltower.domain.remedy import RESUME
from controltower.pipeline import gates
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    target = case.remedy.arguments["target"]
    gates.resume(tower, target, who, reason)
    return f"messages go to {target} again"


CURE = Cure(RESUME, "Resume {target}", _do, "What waits for {target} is sent, slowly at first.")
