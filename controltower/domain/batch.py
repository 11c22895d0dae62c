"""How fast a resubmission of many goes on: ever larger batches while they go well, and none when they do not."""

import datetime
from collections.abc import Iterable
from typing import NamedTuple

from controltower.domain.delivery import APPLIED, DEAD, DELIVERED, PENDING, RETRYING, SENDING, UNKNOWN

SIZES = (1, 5, 20, 50, 100, 200, 500)
# More failures than this share of a batch, and the next one is no larger.
_FEW = 0.1


class Tried(NamedTuple):
    """One delivery of a batch as it stands. `failed_at`: when it failed first, if ever."""

    state: str
    failed_at: datetime.datetime | None


class Course(NamedTuple):
    """How a batch has gone so far: `open` ones are still to be tried."""

    open: int = 0
    good: int = 0
    failed: int = 0

    @property
    def mostly_failed(self) -> bool:
        return self.failed > self.good

    def next_size(self, size: int) -> int:
        """The size of the batch after one of this size."""
        tried = self.good + self.failed
        if tried == 0 or self.failed > tried * _FEW:
            return size
        return next((larger for larger in SIZES if larger > size), SIZES[-1])


def course(batch: Iterable[Tried], now: datetime.datetime, patience: datetime.timedelta) -> Course:
    """How a batch goes. What failed and is tried again by itself is open for some time, then it counts as failed."""
    open_ones = good = failed = 0
    for state, failed_at in batch:
        if state in (PENDING, SENDING):
            open_ones += 1
        elif state in (DELIVERED, APPLIED):
            good += 1
        elif state == DEAD:
            failed += 1
        elif state in (RETRYING, UNKNOWN):
            late = failed_at is not None and now - failed_at >= patience
            failed, open_ones = failed + late, open_ones + (not late)
    return Course(open_ones, good, failed)
