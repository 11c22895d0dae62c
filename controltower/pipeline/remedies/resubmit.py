"""Send dead messages again: one, or the whole group as far as that is safe."""

from controltower.domain.exception import Case
from controltower.domain.rehearsal import Selection
from controltower.domain.remedy import RESUBMIT
from controltower.pipeline import resubmit, runs
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.overtaken import put_all_aside
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked = case.remedy.arguments
    try:
        if asked.get("delivery"):
            made = resubmit.resubmit(tower, int(asked["delivery"]), who, reason)
            return f"message {asked['delivery']} is sent again, as {made.id}"
        return _whole_group(tower, Selection(group=asked["group"]), who, reason)
    except resubmit.Stale as stale:
        raise NotPossible(f"{stale} Open the message to send it all the same.") from None
    except LookupError:
        raise NotPossible("The message is not there any more.") from None


def _whole_group(tower: Tower, group: Selection, who: str, reason: str) -> str:
    """What newer news has overtaken is put aside, what is safe is sent again."""
    aside = put_all_aside(tower, group, who, f"overtaken by newer news: {reason}")
    told = f"{aside} overtaken by newer news put aside" if aside else ""
    try:
        run = runs.begin(tower, group, who, reason)
    except NotPossible:
        if not aside:
            raise
        return told
    return "; ".join(filter(None, (f"the group is sent again, as run {run}", told)))


CURE = Cure(
    RESUBMIT,
    "Resubmit",
    _do,
    "What is dead is sent again, as far as that is safe; what newer news has overtaken is put aside.",
)
