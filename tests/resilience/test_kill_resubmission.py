"""kill -9 of all of the tower while dead letters are sent again: it goes on, and the target has each of them once."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.resubmission import measured

# The whole figure, five thousand, is `python -m benchmarks.resubmission`.
LETTERS = 200


@pytest.mark.slow
def test_a_killed_run_goes_on_and_nothing_is_sent_twice(database_url: str, tmp_path: Path) -> None:
    found = measured(database_url, tmp_path, LETTERS)
    posts = Counter(each.headers["webhook-id"] for each in found.taken)
    assert 0 < found.sent_before < LETTERS
    assert (found.outcomes, found.copies, len(posts)) == ({"delivered": LETTERS}, LETTERS, LETTERS)
    # Of what was on the wire when the worker died nobody knows the outcome: it goes again under its known key.
    assert sum(posts.values()) - LETTERS <= found.lost
