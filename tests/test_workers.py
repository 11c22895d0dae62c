"""Several workers share one database: each thing is done by one of them, and taken over when that one is gone."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import Page, PolledRecord, Translation
from controltower.domain.clock import Clock
from controltower.domain.landscape import Polling
from controltower.leases import Leases
from controltower.pipeline.tower import Tower, build
from controltower.store import channel, lease, message
from controltower.store.engine import reading, writing
from controltower.workers import Worker
from tests.factories import Plantlet, due, landscape, system
from tests.waiting import becomes

POLLED = system("stock", "wms", polling=Polling(every=0.05), hooks=None)


class CountedSource:
    """A polled source that brings one record at each look and knows how often it was asked."""

    def __init__(self) -> None:
        self.system = POLLED
        self.looks = 0
        self.at_once = 0
        self.open: threading.Event | None = None

    def translate(self, envelope: Any) -> Translation:
        return Translation(())

    def identify(self, envelope: Any) -> None:
        return None

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        self.looks += 1
        if self.open is not None:
            self.open.wait(30)
        yield Page("stock", [PolledRecord("1", b'{"look": %d}' % self.looks)], {"look": self.looks})


class BrokenSource(CountedSource):
    """A source whose connector has a fault of its own."""

    def poll(self, cursors: Mapping[str, Mapping[str, Any]]) -> Iterator[Page]:
        self.looks += 1
        raise LookupError("a fault in the connector")
        yield


def tower_with(engine: Engine, source: CountedSource) -> Tower:
    land = landscape()
    held = landscape(systems={**land.systems, POLLED.id: POLLED})
    made = build(engine, land, Clock())
    return Tower(engine, held, {**made.connectors, POLLED.id: source}, Clock())


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers to be stopped at the end."""
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.stop()


def start(workers: list[Worker], tower: Tower, **terms: Any) -> Worker:
    worker = Worker(tower, **terms)
    workers.append(worker)
    worker.start()
    return worker


def holder(engine: Engine, name: str) -> str | None:
    with reading(engine) as connection:
        return lease.holder_of(connection, name)


def test_of_two_workers_one_polls_and_the_other_takes_over(engine: Engine, workers: list[Worker]) -> None:
    first, second = CountedSource(), CountedSource()
    one = start(workers, tower_with(engine, first))
    assert becomes(lambda: first.looks > 1)
    two = start(workers, tower_with(engine, second))
    seen = first.looks
    assert becomes(lambda: first.looks > seen + 3)
    assert second.looks == 0
    assert holder(engine, lease.poll_of(POLLED.id)) == one.leases.holder
    assert workers.pop(0).stop()
    assert becomes(lambda: second.looks > 1)
    assert holder(engine, lease.RECORD) == two.leases.holder


def test_a_worker_that_is_gone_without_a_word_is_replaced(engine: Engine, workers: list[Worker]) -> None:
    gone = Leases(engine, [lease.RECORD, lease.DETECT, lease.poll_of(POLLED.id)], seconds=2.0)
    gone.keep()
    source = CountedSource()
    start(workers, tower_with(engine, source))
    assert becomes(lambda: source.looks > 0)
    assert holder(engine, lease.RECORD) == workers[0].leases.holder


def test_what_waits_is_recorded(engine: Engine, workers: list[Worker]) -> None:
    plantlet = Plantlet(engine)
    plantlet.say("erp", 1, {"due_date": due(9)})
    start(workers, tower_with(engine, CountedSource()))

    def nothing_waits() -> bool:
        with reading(engine) as connection:
            return message.backlog(connection)[0] == 0

    assert becomes(nothing_waits)
    plantlet.intake.stop()
    with reading(engine) as connection:
        states = {each.system: each.state for each in message.listing(connection, system="erp")}
    assert states == {"erp": message.RECORDED}


def test_a_poll_that_is_begun_is_finished_before_the_worker_stops(engine: Engine) -> None:
    source = CountedSource()
    source.open = threading.Event()
    worker = Worker(tower_with(engine, source))
    worker.start()
    assert becomes(lambda: source.looks == 1)
    ended: list[bool] = []
    stopping = threading.Thread(target=lambda: ended.append(worker.stop(30)))
    stopping.start()
    source.open.set()
    stopping.join()
    assert ended == [True]
    with reading(engine) as connection:
        assert channel.marks(connection, POLLED.id)["stock"].cursor == {"look": 1}
        assert lease.holder_of(connection, lease.RECORD) is None


def test_a_job_that_does_not_end_keeps_its_leases(engine: Engine) -> None:
    source = CountedSource()
    source.open = threading.Event()
    worker = Worker(tower_with(engine, source))
    worker.start()
    assert becomes(lambda: source.looks == 1)
    assert worker.stop(patience=0.1) is False
    assert holder(engine, lease.poll_of(POLLED.id)) == worker.leases.holder
    source.open.set()
    assert becomes(lambda: not worker._busy)


def test_a_fault_in_one_job_rests_that_job_alone(engine: Engine, workers: list[Worker]) -> None:
    source = BrokenSource()
    start(workers, tower_with(engine, source))
    assert becomes(lambda: source.looks > 1)
    assert becomes(lambda: holder(engine, lease.RECORD) is not None)


def test_a_lease_is_renewed_only_in_its_last_third(engine: Engine) -> None:
    mine = Leases(engine, ["record"], seconds=60.0)
    mine.keep()
    assert mine.held("record")
    with writing(engine) as connection:
        lease.release(connection, mine.holder)
    mine.keep()
    assert holder(engine, "record") is None  # two thirds are left, so the database was not asked again


def test_what_another_one_holds_is_not_taken(engine: Engine) -> None:
    mine, other = Leases(engine, ["record"]), Leases(engine, ["record", "detect"])
    mine.keep()
    other.keep()
    assert (mine.held("record"), other.held("record"), other.held("detect")) == (True, False, True)
    mine.release()
    other.keep()
    assert other.held("record")
