"""kill -9 of all of the tower under load: what was acknowledged is there once, and a reprocess ends alike."""

from pathlib import Path

import pytest

from benchmarks.kill import kill_again_and_again

# The whole figure, twenty kills, is `python -m benchmarks.kill`.
KILLS = 2


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled_and_the_beliefs_stand(
    database_url: str, tmp_path: Path
) -> None:
    verdict = kill_again_and_again(database_url, tmp_path, KILLS, seed=7, longest=0.8)
    assert verdict.acknowledged > 0
    assert verdict._replace(kills=0, acknowledged=0, events=0) == (0,) * len(verdict)
