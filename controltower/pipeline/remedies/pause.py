"""Stop an interface rather than let wrong data flow; its messages are kept."""

from controltower.domain.exception import Case
from controltower.domain.remedy import PAUSE
from controltower.pipeline import gates
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    target = case.remedy.arguments["target"]
    gates.pause(tower, target, who, reason)
    return f"nothing goes to {target} until somebody resumes it"


CURE = Cure(
    PAUSE, "Pause {target}", _do, "Nothing goes to {target} until somebody resumes it; messages are kept."
)
