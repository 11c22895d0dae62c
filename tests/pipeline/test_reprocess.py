"""The ledger told again from the inbox is the same ledger, however the messages came."""

import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from controltower.connectors.contract import Fault, InvalidMessage
from controltower.pipeline.detect import detect, rejudge
from controltower.pipeline.receive import Refusal
from controltower.pipeline.reprocess import parked_ids, reprocess, reprocess_messages
from controltower.store import belief, case, drift, event, expectation, message, rebuild
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, MORNING, Plantlet, cloud_event, due

TABLES = (event.event, belief.belief, belief.hearing, drift.drift, expectation.expectation, case.case)


def ledger(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All that is derived, row by row."""
    with reading(engine) as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in TABLES}


def beliefs(engine: Engine) -> set[tuple[str, ...]]:
    """What everybody holds, without when and how we heard of it."""
    with reading(engine) as connection:
        rows = connection.execute(select(belief.belief))
        return {(row.plant, row.subject, row.system, row.attribute, row.value) for row in rows}


def everything_happens(plantlet: Plantlet) -> None:
    """A morning with drift that lasts, drift that settles, a missed answer, repeats, disorder and junk."""
    now = plantlet.clock.now
    plantlet.say("erp", 1, {"due_date": due(9), "status": "released"})
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.say("mes", 1, {"due_date": due(9), "status": "released"})
    plantlet.record()
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.clock.move(2 * MINUTE)
    plantlet.deliver("aps", [cloud_event("aps", 2, {"due_date": due(12)}, now()), {"id": "no event"}])
    plantlet.say("mes", 4, {"status": "completed"})
    plantlet.say("mes", 2, {"status": "running"}, at=now() - MINUTE)
    plantlet.say("mes", 4, {"status": "completed"}, at=now())
    plantlet.record()
    for _ in range(6):
        plantlet.clock.move(10 * MINUTE)
        detect(plantlet.tower)
    plantlet.say("mes", 5, {"due_date": due(12)})
    plantlet.say("erp", 3, {"status": "completed"}, at=now() - 50 * MINUTE)
    plantlet.record()


def test_told_again_it_is_the_same(plantlet: Plantlet) -> None:
    everything_happens(plantlet)
    before = ledger(plantlet.tower.engine)
    assert all(before.values())
    reprocess(plantlet.tower)
    assert ledger(plantlet.tower.engine) == before


def test_a_mended_message_is_read_in_place(plantlet: Plantlet) -> None:
    connector = plantlet.tower.connectors["erp"]
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    sound, connector.translate = connector.translate, _cannot_read  # type: ignore[method-assign]
    parked = plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.record()
    connector.translate = sound  # type: ignore[method-assign]
    plantlet.clock.move(MINUTE)
    plantlet.say("erp", 3, {"quantity": {"value": "5", "unit": "EA"}})
    plantlet.record()
    assert reprocess_messages(plantlet.tower, [parked.message]) == 1
    with reading(plantlet.tower.engine) as connection:
        assert message.by_ids(connection, [parked.message])[parked.message].state == message.RECORDED
        assert [each.resolution for each in case.listing(connection, state="resolved")] == [
            "The messages have been read since."
        ]
        assert case.listing(connection) == []
    assert ("LYON", "order/MO-1", "erp", "due_date", due(12)) in beliefs(plantlet.tower.engine)


def _cannot_read(envelope: Any) -> Any:
    raise InvalidMessage([Fault(0, "/data", "the mapping does not know this")])


def test_faults_of_one_kind_are_over_when_the_last_one_is_read(plantlet: Plantlet) -> None:
    """More messages than an exception keeps as evidence."""
    connector = plantlet.tower.connectors["erp"]
    sound, connector.translate = connector.translate, _cannot_read  # type: ignore[method-assign]
    parked = [plantlet.say("erp", number, {"due_date": due(9)}).message for number in range(1, 13)]
    plantlet.record()
    connector.translate = sound  # type: ignore[method-assign]
    left = parked.pop(5)
    assert reprocess_messages(plantlet.tower, parked) == 11
    with reading(plantlet.tower.engine) as connection:
        assert "parked-message" in {each.rule for each in case.listing(connection)}
    reprocess_messages(plantlet.tower, [left])
    with reading(plantlet.tower.engine) as connection:
        assert "parked-message" not in {each.rule for each in case.listing(connection)}


def test_parked_messages_are_found_behind_rejected_ones(plantlet: Plantlet) -> None:
    connector = plantlet.tower.connectors["erp"]
    sound, connector.translate = connector.translate, _cannot_read  # type: ignore[method-assign]
    parked = plantlet.say("erp", 1, {"due_date": due(9)}).message
    plantlet.record()
    connector.translate = sound  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(Refusal):
            plantlet.deliver("erp", {"id": "no event"})
    assert parked_ids(plantlet.tower, "erp", limit=2) == [parked]


SAYINGS = st.lists(
    st.tuples(
        st.sampled_from(["erp", "aps", "mes"]),
        st.sampled_from(["due_date", "status"]),
        st.integers(0, 3),
        st.integers(0, 40),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sayings=SAYINGS, rnd=st.randoms(use_true_random=False))
def test_any_order_of_arrival_ends_alike(plantlet: Plantlet, sayings: list[Any], rnd: Any) -> None:
    events = [_event(number, saying) for number, saying in enumerate(sayings)]
    ends = []
    for _ in range(2):
        _empty(plantlet)
        shuffled = [*events, *(each for each, saying in zip(events, sayings, strict=True) if saying[4])]
        rnd.shuffle(shuffled)
        for each in shuffled:
            plantlet.deliver(each["source"], each)
            if rnd.random() < 0.3:
                plantlet.record()
            if rnd.random() < 0.3:
                plantlet.clock.move(datetime.timedelta(minutes=rnd.randint(1, 20)))
                detect(plantlet.tower)
        plantlet.record()
        detect(plantlet.tower)
        rejudge(plantlet.tower)
        before = ledger(plantlet.tower.engine)
        reprocess(plantlet.tower)
        detect(plantlet.tower)
        assert ledger(plantlet.tower.engine) == before
        ends.append(beliefs(plantlet.tower.engine))
    assert ends[0] == ends[1]


def _event(number: int, saying: tuple[str, str, int, int, bool]) -> dict[str, Any]:
    system, attribute, choice, minute, _ = saying
    value = (
        due(9 + choice)
        if attribute == "due_date"
        else ["released", "running", "completed", "cancelled"][choice]
    )
    # Distinct times: of two facts of the same instant the last to arrive wins, which no order of arrival can share.
    at = MORNING + datetime.timedelta(minutes=minute, seconds=number)
    event = cloud_event(system, number, {attribute: value}, at)
    del event["sequence"]
    return event


def _empty(plantlet: Plantlet) -> None:
    plantlet.clock.at = MORNING + datetime.timedelta(hours=1)
    with writing(plantlet.tower.engine) as connection:
        rebuild.clear(connection)
        for table in (message.message, message.payload, message.delivery_key, message.event_key, case.case):
            connection.execute(table.delete())
