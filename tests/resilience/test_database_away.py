"""The database is taken away and comes back: senders are told to wait, nothing is lost, the tower recovers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.databases import Server
from benchmarks.ledgers import backlog, missing_deliveries
from controltower.store import belief
from controltower.store.engine import connect, reading, upgrade
from controltower.workers import Worker
from tests.resilience.door import opened_door
from tests.waiting import becomes


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server that a test may stop."""
    with Server() as made:
        upgrade(made.url)
        yield made


@pytest.mark.slow
def test_a_stopped_database_is_waited_for(server: Server, tmp_path: Path) -> None:
    engine = connect(server.url)
    with opened_door(engine, tmp_path) as sender:
        worker = Worker(sender.plantlet.tower, lease_seconds=2.0)
        worker.start()
        assert sender.send(1).status_code == 202
        server.stop()
        refused = sender.send(2)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.mimetype == "application/problem+json"
        assert sender.client.get("/healthz").status_code == 200
        assert sender.client.get("/readyz").status_code == 503
        server.start()
        assert becomes(lambda: sender.send(2).status_code == 202)
        assert sender.send(2).json["duplicates"] == 1
        assert becomes(lambda: backlog(engine) == 0)
        worker.stop()
    assert missing_deliveries(engine, sender.acknowledged) == set()
    with reading(engine) as connection:
        told = {each.name for each, _ in belief.of(connection, _orders(1, 2))}
    engine.dispose()
    assert told == {"order/MO-1", "order/MO-2"}


def _orders(*numbers: int) -> list[belief.Subject]:
    return [belief.Subject("LYON", f"order/MO-{number}") for number in numbers]
