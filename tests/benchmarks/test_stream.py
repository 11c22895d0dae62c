"""The stream that the benchmarks tell is one that the tower understands: nothing is parked, followers are late."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from benchmarks.deliveries import Sender, new_secret
from benchmarks.growth import Filled
from benchmarks.orders import Network, life
from controltower.store import case, drift, event, message
from controltower.store.engine import reading


def test_each_sender_counts_without_a_gap() -> None:
    told: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for fact in (fact for order in range(60) for fact in life(order)):
        told[fact.system, fact.subject].append(fact.sequence)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in told.values())


def test_a_batch_is_as_full_as_asked_and_every_id_is_told_once() -> None:
    sender = Sender(Network(datetime.now(UTC), timedelta(seconds=1)), new_secret())
    batches = sender.full_batches(6, size=100)
    ids = [id for each in batches for id in each.events]
    assert [len(each.events) for each in batches] == [100] * 6
    assert len(set(ids)) == len(ids) == 600


@pytest.mark.slow
def test_the_tower_takes_all_of_it_and_finds_the_late_followers_alone(engine: Engine) -> None:
    filled = Filled(engine)
    cost = filled.fill(18_000)
    filled.intake.stop()
    with reading(engine) as connection:
        assert message.listing(connection, state="faulty") == []
        assert len(event.feed(connection, event.Position(0, 0), limit=30_000)) == cost.events
        open_ones = drift.listing(connection)
        assert {each.attribute for each in open_ones} == {"due_date"}
        assert {each.follower[:4] for each in open_ones} == {"mes-"}
        # What so many have in common is told once, above them.
        assert {each.rule for each in case.listing(connection, limit=200)} == {"drift", "many-alike"}
