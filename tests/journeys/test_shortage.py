"""A component runs out: the ERP, purchasing and the planners hear of it, and all goes on when it is bought."""

from pathlib import Path

import pytest

from controltower.domain.exception import Case
from controltower.simulation.world import Pace
from tests.journeys.rehearsal import Rehearsal, rehearsal

pytestmark = pytest.mark.slow
SHORT = "The plan lacks material or capacity"


def short(made: Rehearsal) -> list[Case]:
    """What is open of orders that cannot be planned."""
    return [each for each in made.exceptions() if each.title.startswith(SHORT) and each.subject is not None]


def test_a_shortage_is_told_to_all_whom_it_concerns_and_is_over_when_it_is_bought(
    tmp_path: Path, database_url: str
) -> None:
    with rehearsal(tmp_path, database_url, pace=Pace(cancellations=0.0, length=0.3)) as made:
        made.advance(10)
        made.network.fault_on("component-short", {"duration": 0})
        while not short(made):
            made.advance(1)
        made.advance(5)
        found = short(made)[0]
        assert (found.team, found.severity) == ("operations", "A")
        assert found.subject is not None
        order, erp = found.subject.key, made.network.systems["erp-hq"].db
        assert (erp.get("order", order) or {})["plan"]["PlanSts"] == "MAT"
        assert made.network.taken("procurement")[0]["what"] == "need ordered"
        while short(made):
            made.advance(10)
        assert (erp.get("order", order) or {})["plan"]["PlanSts"] == "OK"
        made.advance(10)
        assert made.network.scene.job(order, found.subject.plant) is not None
