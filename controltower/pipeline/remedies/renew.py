"""Have a system send its webhooks again, and fetch what it did not send meanwhile."""

from controltower.domain.exception import Case
from controltower.domain.remedy import RENEW
from controltower.domain.value import read_time
from controltower.pipeline.remedy import Cure
from controltower.pipeline.renew import renew
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked = case.remedy.arguments
    since = read_time(asked["since"]) if asked.get("since") else None
    return renew(tower, asked["system"], since, who, reason)


CURE = Cure(RENEW, "Renew the subscription at {system}", _do)
