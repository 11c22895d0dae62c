"""Two processes at once on PostgreSQL: whoever comes second works on what the first one left."""

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from controltower.domain.subject import Subject
from controltower.pipeline.answer import COMMENT, act
from controltower.pipeline.detect import detect
from controltower.pipeline.record import record
from controltower.pipeline.translation import translate
from controltower.store import case, channel, drift, message
from controltower.store.engine import connect, one_at_a_time, reading, writing
from tests.factories import MINUTE, Plantlet, due

ORDER = Subject("LYON", "order/MO-1")


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    """PostgreSQL alone: on SQLite the writers queue anyway."""
    connected = connect(postgres_url)
    yield connected
    connected.dispose()


def beside(engine: Engine, work: Callable[[], object]) -> threading.Thread:
    """Another worker at work; returns once it waits for a lock."""
    thread = threading.Thread(target=work)
    thread.start()
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while thread.is_alive():
        with reading(engine) as connection:
            if connection.execute(waits).scalar():
                break
    return thread


def disagree(plantlet: Plantlet) -> None:
    """A drift past its allowance, and the news that ends it waiting in the inbox."""
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("aps", 1, {"due_date": due(10)})
    plantlet.record()
    plantlet.clock.move(16 * MINUTE)


def test_what_closes_while_deadlines_are_looked_at_stays_closed(plantlet: Plantlet) -> None:
    disagree(plantlet)
    engine = plantlet.tower.engine
    agreed = plantlet.say("aps", 2, {"due_date": due(9)}).message
    with writing(engine) as connection:
        one_at_a_time(connection)
        waiting = message.get(connection, agreed)
        assert waiting is not None
        record(connection, plantlet.tower, [translate(plantlet.tower, *waiting)])
        other = beside(engine, lambda: detect(plantlet.tower))
    other.join()
    with reading(engine) as connection:
        assert drift.counts(connection) == {}
        assert [each.state for each in drift.of_order(connection, "LYON", "MO-1")] == ["closed"]
        assert case.listing(connection) == []


def test_what_resolves_while_somebody_comments_stays_resolved(plantlet: Plantlet) -> None:
    disagree(plantlet)
    detect(plantlet.tower)
    engine = plantlet.tower.engine
    with reading(engine) as connection:
        (open_one,) = case.listing(connection)
    plantlet.say("aps", 2, {"due_date": due(9)})
    with writing(engine) as connection:
        one_at_a_time(connection)
        found = message.waiting(connection, 1)
        record(connection, plantlet.tower, [translate(plantlet.tower, *found[0])])
        other = beside(engine, lambda: act(plantlet.tower, open_one.id, "ada", COMMENT, "looking"))
    other.join()
    with reading(engine) as connection:
        assert case.listing(connection) == []


def test_two_servers_count_all_that_they_heard(plantlet: Plantlet) -> None:
    engine = plantlet.tower.engine
    plantlet.say("erp", 1, {"due_date": due(9)})
    news = {"erp": channel.News(plantlet.clock.now(), 1, 0)}

    def hear() -> None:
        with writing(engine) as connection:
            channel.heard(connection, news)

    with writing(engine) as connection:
        channel.heard(connection, news)
        other = beside(engine, hear)
    other.join()
    with reading(engine) as connection:
        assert channel.get(connection, "erp", channel.HOOK).messages == 3
