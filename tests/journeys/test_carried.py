"""With the tower carrying everything, orders live whole lives, quietly, and no system is told anything twice."""

from collections import Counter
from collections.abc import Iterator

import pytest

from controltower.simulation.world import Pace
from tests.conftest import ENGINES
from tests.databases import PostgresCluster, copy_sqlite
from tests.journeys.rehearsal import Rehearsal, rehearsal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=ENGINES)
def carried(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A network that is silent on every link that the tower can carry."""
    folder = tmp_path_factory.mktemp("carried")
    if request.param == "sqlite":
        copy_sqlite(request.getfixturevalue("migrated_sqlite"), folder / "tower.db")
        url = f"sqlite:///{folder / 'tower.db'}"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        url = cluster.url(cluster.create(template=request.getfixturevalue("migrated_postgres")))
    with rehearsal(folder, url, "carried", pace=Pace(length=0.2, order_minutes=(8.0, 12.0))) as made:
        yield made


def test_an_hour_in_which_the_tower_carries_everything_is_quiet(carried: Rehearsal) -> None:
    carried.advance(60)
    assert [(each.title, each.why) for each in carried.exceptions() + carried.exceptions("resolved")] == []


def test_orders_are_made_posted_and_closed_by_what_the_tower_carries(carried: Rehearsal) -> None:
    erp = carried.network.systems["erp-hq"].db
    for _ in range(20):
        closed = [order for order in erp.listed("order") if order["status"] == "CLSD"]
        if len(closed) >= 3:
            break
        carried.advance(10)
    assert len(closed) >= 3
    for order in closed:
        job = carried.network.scene.job(order["order"], order["plant"])
        assert job is not None
        assert (order["good"], order["scrap"]) == (job["good"], job["scrap"])
        assert order["plan"]["PlanSts"] == "OK"


def test_no_target_was_told_anything_twice_and_each_heard_an_order_in_turn(carried: Rehearsal) -> None:
    for system in carried.network.systems:
        taken = carried.network.taken(system)
        assert not [each for each in taken if each["repeated"]]
        assert not [key for key, times in Counter(each["key"] for each in taken).items() if key and times > 1]
    postings = carried.network.systems["erp-hq"].db.listed("posting")
    assert postings
    for order in {posting["order"] for posting in postings}:
        booked = [posting for posting in postings if posting["order"] == order]
        assert [posting["good"] for posting in booked] == sorted(posting["good"] for posting in booked)
        assert [posting["final"] for posting in booked] == [False] * (len(booked) - 1) + [booked[-1]["final"]]
