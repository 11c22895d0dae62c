"""Read the parked messages of a system again, with today's mapping."""

from controltower.domain.exception import Case
from controltower.domain.remedy import REPROCESS
from controltower.pipeline.answer import NotPossible
from controltower.pipeline.remedy import Cure
from controltower.pipeline.reprocess import parked_ids, reprocess_messages
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    system = case.remedy.arguments["system"]
    ids = parked_ids(tower, system)
    if not ids:
        raise NotPossible(f"No message of {system} is parked.")
    return f"{reprocess_messages(tower, ids)} parked messages of {system} were read again"


CURE = Cure(
    REPROCESS,
    "Read the parked messages again",
    _do,
    "All parked messages of {system} are read again, with today’s mapping.",
)
