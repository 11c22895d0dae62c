"""Faults that differ most in what gives them away are found and named one after the other; the score tries them all."""

from collections.abc import Iterator

import pytest

from controltower.domain.exception import Case
from tests.conftest import ENGINES
from tests.databases import PostgresCluster, copy_sqlite
from tests.journeys.rehearsal import Rehearsal, rehearsal

pytestmark = pytest.mark.slow

# Fault -> the cause that the tower must name, and how many of the plants' minutes it may take until it can be known.
NAMED = {
    "duplicate": ("Duplicate deliveries", 90),
    "out-of-order": ("Messages out of order", 90),
    "clock-skew": ("Clock skew", 90),
    "stale-due-date": ("Never told", 60),
    "schedule-without-routing-confirmation": ("The MES confirms the routing of a published schedule", 120),
    "confirmation-never-posted": ("The ERP posts the final confirmation of a completed order", 120),
    "lost-webhook": ("Lost message", 180),
    "poison-message": ("Unreadable message", 60),
}


@pytest.fixture(scope="module", params=ENGINES)
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """One network for all faults, in the order of this file: each begins where the one before was mended."""
    folder = tmp_path_factory.mktemp("network")
    if request.param == "sqlite":
        copy_sqlite(request.getfixturevalue("migrated_sqlite"), folder / "tower.db")
        url = f"sqlite:///{folder / 'tower.db'}"
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        url = cluster.url(cluster.create(template=request.getfixturevalue("migrated_postgres")))
    with rehearsal(folder, url) as made:
        yield made


def test_an_hour_without_faults_is_quiet(network: Rehearsal) -> None:
    network.advance(60)
    assert [(each.title, each.why) for each in network.exceptions() + network.exceptions("resolved")] == []


@pytest.mark.parametrize("fault", NAMED)
def test_the_fault_is_found_and_named(network: Rehearsal, fault: str) -> None:
    cause, patience = NAMED[fault]
    known = {each.id for each in everything(network)}
    network.network.fault_on(fault)
    found: list[Case] = []
    for _ in range(patience):
        network.advance(1)
        found = [each for each in everything(network) if each.id not in known and each.cause == cause]
        if found:
            break
    network.network.fault_off(fault)
    truth = [hit for hit in network.network.truth.read() if hit["fault"] == fault]
    assert found, f"{fault} was not found; the truth is {truth}"
    about = {subject for hit in truth for subject in hit["subjects"]} | {hit["system"] for hit in truth}
    assert any(str(each.subject) in about or each.system in about for each in found)
    assert all(each.evidence and each.action and each.team for each in found)
    network.advance(10)


def everything(network: Rehearsal) -> list[Case]:
    return network.exceptions() + network.exceptions("resolved")
