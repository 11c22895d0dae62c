"""The score itself: a fault is injected, found through the API, mended by the offered action, and marked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controltower.simulation.score import report
from controltower.simulation.score.answers import Answers
from controltower.simulation.score.exam import Examiner
from controltower.simulation.score.marking import Mark
from controltower.stepped import stepped
from tests.conftest import ENGINES
from tests.databases import PostgresCluster, copy_sqlite
from tests.simulation.conftest import MORNING

pytestmark = pytest.mark.slow


@pytest.fixture(params=ENGINES)
def examiner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Examiner]:
    """A network that has lived healthily for a while beside a tower that says nothing."""
    if request.param == "sqlite":
        copy_sqlite(request.getfixturevalue("migrated_sqlite"), tmp_path / "tower.db")
        url = f"sqlite:///{tmp_path / 'tower.db'}"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        url = cluster.url(cluster.create(template=request.getfixturevalue("migrated_postgres")))
    with stepped(tmp_path, url, seed=4, begin_at=MORNING) as (network, tower):
        made = Examiner(network, tower, Answers(tower.address, tower.key), 4)
        made.live(40)
        yield made


def test_a_silent_fault_is_found_named_and_mended_by_the_offered_action(examiner: Examiner) -> None:
    assert examiner.everything() == []
    mark = examiner.examine("stale-due-date", 0)
    assert (mark.injected, mark.found, mark.cause_right, mark.action_right) == (True, True, True, True), (
        mark.notes
    )
    assert (mark.mendable, mark.mended, mark.false) == (True, True, 0), mark.notes
    assert mark.detect_seconds is not None


def test_marks_add_up_to_what_the_command_writes() -> None:
    good = Mark("late", True, True, True, True, False, True, 0, 1.0)
    missed = Mark("late", True, notes=["never found"])
    told = report.totals([good, missed], {"hours": 1, "orders": 9, "false_alarms": 0})
    assert told["faults"]["late"] == {
        "injected": 2, "found": 1, "false": 0, "cause_right": 1, "action_right": 1, "mendable": 0, "mended": 0,
        "cleared": 1, "detect_seconds": {"p50": 1.0, "p95": 1.0}, "notes": ["never found"],
    }  # fmt: skip
    assert report.overall(told)["recall"] == 0.5
    assert not report.is_perfect(told)
    assert "never found" in report.page({1: told})
