"""Send dead messages again: one, or the whole group as far as that is safe."""

from controltower.domain.exception import Case
from controltower.domain.rehearsal import Selection
from controltower.domain.remedy import RESUBMIT
from controltower.pipeline import resubmit, runs
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked = case.remedy.arguments
    try:
        if asked.get("delivery"):
            made = resubmit.resubmit(tower, int(asked["delivery"]), who, reason)
            return f"message {asked['delivery']} is sent again, as {made.id}"
        run = runs.begin(tower, Selection(group=asked["group"]), who, reason)
    except resubmit.Stale as stale:
        raise NotPossible(f"{stale} Open the message to send it all the same.") from None
    except LookupError:
        raise NotPossible("The message is not there any more.") from None
    return f"the group is sent again, as run {run}"


CURE = Cure(RESUBMIT, "Resubmit", _do, "What is dead is sent again, as far as that is safe; old news is not.")
