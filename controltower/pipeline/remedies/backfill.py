"""Fetch what was missed from its source: webhooks of a time range again, and rows that differ."""

from controltower.domain.exception import Case
from controltower.domain.remedy import BACKFILL
from controltower.domain.value import read_time
from controltower.pipeline.backfill import backfill
from controltower.pipeline.remedy import Cure
from controltower.pipeline.tower import Tower


def _do(tower: Tower, case: Case, who: str, reason: str) -> str:
    asked, now = case.remedy.arguments, tower.now()
    return backfill(tower, asked["system"], read_time(asked["since"]), now, who, reason, case.subject)


CURE = Cure(BACKFILL, "Fetch what was missed from {system}", _do)
