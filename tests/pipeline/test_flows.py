"""Flows move with events, deliveries, time and people; told again they stand alike, and people's words are kept."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select

from controltower.connectors.contract import FAILED, Fault, InvalidMessage, Outcome
from controltower.domain import failure
from controltower.domain.delivery import DEAD, PENDING
from controltower.domain.flow_progress import COMPLETED, RUNNING, STOPPED
from controltower.domain.subject import Subject
from controltower.pipeline import flow_acts
from controltower.pipeline.deliver import deliver
from controltower.pipeline.detect import detect
from controltower.pipeline.flow_acts import NotPossible
from controltower.pipeline.reprocess import reprocess, reprocess_messages
from controltower.store import audit, case, delivery, flow, flow_figure, message, outbox, rebuild
from controltower.store.engine import reading, writing
from tests.factories import MINUTE, MORNING, Plantlet, ScriptedTarget, cloud_event, due
from tests.pipeline.flowing import (
    ORDER,
    ORDER_FLOW,
    carry,
    cases,
    enter,
    flowing,
    progress,
    start,
    states,
)

REFUSED = Outcome(FAILED, failure.REFUSED, "no routing", 422)
DAYS = "2026-03-01", "2026-03-31"


@pytest.fixture
def plant(engine: Engine) -> Iterator[tuple[Plantlet, ScriptedTarget]]:
    with flowing(engine) as made:
        yield made


def kept(engine: Engine) -> dict[str, list[str]]:
    """All that is derived of flows, row by row."""
    tables = (flow.flow, flow.flow_waiting, flow_figure.flow_figure, case.case)
    with reading(engine) as connection:
        found = {table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables}
    # A count that came back to nothing stays as a row of nought.
    found["flow_figure"] = [row for row in found["flow_figure"] if not row.endswith(", 0)")]
    return found


def waiting(plantlet: Plantlet) -> dict[str, flow_figure.Stop]:
    with reading(plantlet.tower.engine) as connection:
        return flow_figure.stops(connection, ORDER_FLOW.name, plantlet.clock.now())


def test_an_order_goes_through_and_is_counted(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    assert (states(plantlet)["carried"], list(waiting(plantlet))) == ("waiting", ["carried"])
    carry(plantlet)
    detect(plantlet.tower)
    assert list(waiting(plantlet)) == ["planned"]
    plantlet.clock.move(10 * MINUTE)
    plantlet.say("aps", 2, {"status": "released"})
    plantlet.record()
    start(plantlet)
    assert (progress(plantlet).state, waiting(plantlet), cases(plantlet)) == (COMPLETED, {}, [])
    with reading(plantlet.tower.engine) as connection:
        (cohort,) = flow_figure.cohorts(connection, ORDER_FLOW.name, DAYS, plantlet.clock.now())
        spread = flow_figure.spreads(connection, ORDER_FLOW.name, DAYS)["planned"]
    assert (cohort.day, cohort.begun, cohort.in_time, cohort.smooth, cohort.rate) == (
        "2026-03-02",
        1,
        1,
        1,
        1,
    )
    assert spread.number == 1
    assert spread.median == pytest.approx(600, rel=0.06)


def test_a_step_beyond_its_time_is_an_exception_of_its_team(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    carry(plantlet)
    for _ in range(8):
        plantlet.clock.move(5 * MINUTE)
        detect(plantlet.tower)
    (late,) = cases(plantlet)
    assert (late.rule, late.team, late.action, late.subject) == (
        "flow-step-late", "planning", "Ask the planner.", ORDER,
    )  # fmt: skip
    assert waiting(plantlet)["planned"].late == 1
    plantlet.say("aps", 2, {"status": "released"})
    plantlet.record()
    (over,) = cases(plantlet, "resolved")
    assert (over.id, over.resolution) == (late.id, "It came, 10 min too late.")


def test_a_shortage_asks_operations_and_is_over_with_its_sign(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    carry(plantlet)
    plantlet.say("aps", 2, {"feasible": False})
    plantlet.record()
    (task,) = cases(plantlet)
    assert (task.rule, task.team, task.severity, task.action) == (
        "flow-step-wrong",
        "operations",
        "A",
        "Find it.",
    )
    assert task.title == "Material lacks: order MO-1"
    assert waiting(plantlet)["planned"].wrong == 1
    plantlet.clock.move(MINUTE)
    plantlet.say("aps", 3, {"feasible": True})
    plantlet.record()
    assert (cases(plantlet), states(plantlet)["planned"]) == ([], "waiting")


def test_an_incomplete_order_waits_for_its_owner(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet, due_date="2026-01-05T17:00:00Z")
    (task,) = cases(plantlet)
    assert "the due date lies in the past" in task.why
    assert states(plantlet)["carried"] == "ahead"


def test_a_message_that_is_mended_later_leaves_the_flows_exceptions_as_they_are(plant: Any) -> None:
    plantlet, _ = plant
    connector = plantlet.tower.connectors["erp"]
    sound = connector.translate
    connector.translate = _cannot_read
    parked = plantlet.say("erp", 1, {"priority": 3})
    plantlet.record()
    connector.translate = sound
    plantlet.clock.move(MINUTE)
    plantlet.say("erp", 2, {"status": "firm", "due_date": due(9)})
    plantlet.record()
    (task,) = cases(plantlet)
    assert "no quantity" in task.why
    assert reprocess_messages(plantlet.tower, [parked.message]) == 1
    assert [each.id for each in cases(plantlet)] == [task.id]


def _cannot_read(envelope: Any) -> Any:
    raise InvalidMessage([Fault(0, "/data", "the mapping does not know this")])


def test_a_dead_delivery_is_sent_again_by_a_retry(plant: Any) -> None:
    plantlet, aps = plant
    aps.answers = [REFUSED]
    enter(plantlet)
    deliver(plantlet.tower, "worker-1", 2.0)
    with pytest.raises(NotPossible):
        flow_acts.retry(plantlet.tower, ORDER_FLOW.name, ORDER, "carried", "ada", " ")
    flow_acts.retry(plantlet.tower, ORDER_FLOW.name, ORDER, "carried", "ada", "the routing is there now")
    with reading(plantlet.tower.engine) as connection:
        found = [(each.state, each.author) for each in outbox.listing(connection, limit=10)]
        (last, *_) = audit.latest(connection, 5)
    assert (PENDING, "ada") in found
    assert DEAD not in [state for state, _ in found]
    assert (last.action, last.who) == ("flow.retry", "ada")
    carry(plantlet)
    assert states(plantlet)["carried"] == "done"
    assert len(aps.booked) == 1


def test_a_retry_without_a_dead_one_tells_the_present_values(plant: Any) -> None:
    plantlet, aps = plant
    enter(plantlet)
    deliver(plantlet.tower, "worker-1", 2.0)
    flow_acts.retry(plantlet.tower, ORDER_FLOW.name, ORDER, "carried", "ada", "they have lost it")
    deliver(plantlet.tower, "worker-1", 2.0)
    assert len({each.key for each in aps.booked}) == 2


def test_people_skip_cancel_and_reopen_and_reprocessing_keeps_it(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet, due_date="2026-01-05T17:00:00Z")
    plantlet.clock.move(MINUTE)
    flow_acts.skip(plantlet.tower, ORDER_FLOW.name, ORDER, "valid", "ada", "agreed by phone")
    assert (states(plantlet)["valid"], states(plantlet)["carried"]) == ("skipped", "waiting")
    assert [each.resolution for each in cases(plantlet, "resolved")] == ["Skipped by ada: agreed by phone"]
    plantlet.clock.move(MINUTE)
    flow_acts.cancel(plantlet.tower, ORDER_FLOW.name, ORDER, "ada", "the customer withdrew")
    with pytest.raises(NotPossible, match="cancelled already"):
        flow_acts.cancel(plantlet.tower, ORDER_FLOW.name, ORDER, "ada", "again")
    plantlet.clock.move(MINUTE)
    before = kept(plantlet.tower.engine)
    reprocess(plantlet.tower)
    assert progress(plantlet).state == STOPPED
    assert kept(plantlet.tower.engine)["exception"] == before["exception"]
    flow_acts.reopen(plantlet.tower, ORDER_FLOW.name, ORDER, "ada", "they want it after all")
    assert (progress(plantlet).state, states(plantlet)["valid"]) == (RUNNING, "skipped")
    flow_acts.reopen(plantlet.tower, ORDER_FLOW.name, ORDER, "ada", "no, look at it", step="valid")
    assert states(plantlet)["valid"] == "wrong"


def test_what_is_not_there_cannot_be_acted_on(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    for name, subject, step in (
        ("no-flow", ORDER, "valid"),
        (ORDER_FLOW.name, Subject("LYON", "order/none"), "valid"),
        (ORDER_FLOW.name, ORDER, "no-step"),
    ):
        with pytest.raises(LookupError):
            flow_acts.skip(plantlet.tower, name, subject, step, "ada", "why not")
    enter_wanting(plantlet)
    with pytest.raises(NotPossible, match="still finds: the due date lies in the past"):
        flow_acts.retry(plantlet.tower, ORDER_FLOW.name, ORDER, "valid", "ada", "look again")
    with pytest.raises(NotPossible, match="left behind"):
        flow_acts.skip(plantlet.tower, ORDER_FLOW.name, ORDER, "entered", "ada", "why not")


def enter_wanting(plantlet: Plantlet) -> None:
    plantlet.clock.move(MINUTE)
    plantlet.say("erp", 2, {"due_date": "2026-01-05T17:00:00Z"})
    plantlet.record()


def test_a_cancelled_order_cancels_its_flow(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    plantlet.clock.move(MINUTE)
    plantlet.say("erp", 2, {"status": "cancelled"})
    plantlet.record()
    assert (progress(plantlet).state, waiting(plantlet)) == (STOPPED, {})


def test_a_flow_that_is_declared_later_knows_what_happened_before(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    carry(plantlet)
    with writing(plantlet.tower.engine) as connection:
        for table in (flow.flow, flow.flow_waiting, flow_figure.flow_figure):
            connection.execute(table.delete())
    plantlet.clock.move(MINUTE)
    plantlet.say("aps", 2, {"status": "released"})
    plantlet.record()
    assert progress(plantlet).began_at == MORNING
    assert list(waiting(plantlet)) == ["started"]


def test_a_smaller_flow_goes_by_the_same_engine(plant: Any) -> None:
    plantlet, _ = plant
    line = Subject("LYON", "purchase/PO-1/1")
    for sequence, status in enumerate(("sent", "confirmed", "received"), 1):
        plantlet.say("erp", sequence, {"status": status}, subject=str(line), type="purchase.changed")
        plantlet.clock.move(20 * MINUTE)
    plantlet.record()
    assert progress(plantlet, line, "purchase").state == COMPLETED


def test_told_again_it_is_the_same(plant: Any) -> None:
    plantlet, _ = plant
    enter(plantlet)
    carry(plantlet)
    plantlet.say("aps", 2, {"feasible": False})
    plantlet.record()
    for _ in range(8):
        plantlet.clock.move(5 * MINUTE)
        detect(plantlet.tower)
    plantlet.say("aps", 3, {"feasible": True, "status": "released"})
    plantlet.record()
    detect(plantlet.tower)
    before = kept(plantlet.tower.engine)
    assert all(before[name] for name in ("flow", "flow_waiting", "flow_figure"))
    reprocess(plantlet.tower)
    after = kept(plantlet.tower.engine)
    assert after["flow_waiting"] == before["flow_waiting"]
    assert after["flow_figure"] == before["flow_figure"]
    assert after["exception"] == before["exception"]


SAYINGS = st.lists(
    st.tuples(
        st.sampled_from(["erp", "aps", "mes"]),
        st.sampled_from(["firm", "released", "running", "cancelled", "feasible", "short"]),
        st.integers(0, 40),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sayings=SAYINGS, rnd=st.randoms(use_true_random=False))
def test_any_order_of_arrival_ends_alike(plant: Any, sayings: list[Any], rnd: Any) -> None:
    plantlet, _ = plant
    events = [_event(number, saying) for number, saying in enumerate(sayings)]
    ends = []
    for _ in range(2):
        _empty(plantlet)
        rnd.shuffle(events)
        for each in events:
            plantlet.deliver(each["source"], each)
            if rnd.random() < 0.4:
                plantlet.record()
        plantlet.record()
        ends.append(_facts(plantlet))
        reprocess(plantlet.tower)
        assert _facts(plantlet) == ends[-1]
    assert ends[0] == ends[1]


def _facts(plantlet: Plantlet) -> list[tuple[Any, ...]]:
    """Where it stands, by the times of the sources: when we heard of it differs."""
    found = progress(plantlet)
    steps = [(each.step.name, each.state, each.at, each.ready_at, each.faults) for each in found.steps]
    return [(found.state, found.began_at, found.ended_at), *steps]


def _event(number: int, saying: tuple[str, str, int]) -> dict[str, Any]:
    system, word, minute = saying
    held: dict[str, Any] = {"status": word}
    if word in ("feasible", "short"):
        held = {"feasible": word == "feasible"}
    if word == "firm":
        held |= {"quantity": {"value": "5", "unit": "EA"}, "due_date": due(9)}
    at = MORNING + minute * MINUTE + number * MINUTE / 60
    made = cloud_event(system, number, held, at)
    del made["sequence"]
    return made


def _empty(plantlet: Plantlet) -> None:
    plantlet.clock.at = MORNING + 60 * MINUTE
    with writing(plantlet.tower.engine) as connection:
        rebuild.clear(connection)
        for table in (message.message, message.payload, message.delivery_key, message.event_key, case.case):
            connection.execute(table.delete())
        for table in (flow.flow_act, delivery.delivery):
            connection.execute(table.delete())


def test_an_event_costs_the_same_however_long_the_history(plant: Any) -> None:
    """Counted in statements: what a flow asks does not depend on how much was told before."""
    plantlet, _ = plant
    enter(plantlet)
    asked: list[str] = []
    event.listen(plantlet.tower.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    counts = []
    for sequence in range(2, 30):
        plantlet.clock.move(MINUTE)
        plantlet.say("erp", sequence, {"status": "released" if sequence % 2 else "firm"})
        asked.clear()
        plantlet.record()
        counts.append(sum("flow" in statement for statement in asked))
    assert max(counts[5:]) <= max(counts[:5])
