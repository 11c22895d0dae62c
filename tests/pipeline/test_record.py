"""Events move beliefs, open and close drift and expectations, and park only what is bad."""

from sqlalchemy import Connection

from controltower.domain.subject import Subject
from controltower.pipeline.answer import RESOLVE, act
from controltower.pipeline.detect import detect, rejudge
from controltower.store import belief, case, drift, event, expectation, message
from controltower.store.engine import reading
from tests.factories import MINUTE, Plantlet, cloud_event, due

ORDER = Subject("LYON", "order/MO-1")


def held(connection: Connection, system: str, attribute: str) -> str:
    known = {(each.system, each.attribute): each.value.text for _, each in belief.of(connection, [ORDER])}
    return known[system, attribute]


def test_drift_opens_with_its_cause_and_closes_with_its_lag(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.clock.move(5 * MINUTE)
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        assert [each.state for each in drift.listing(connection, state="settling")] == ["settling"]
        assert case.listing(connection) == []
    plantlet.clock.move(16 * MINUTE)
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (open_one,) = drift.listing(connection)
        (found,) = case.listing(connection)
    assert (open_one.cause, open_one.owner, open_one.follower) == ("never-announced", "erp", "aps")
    assert "never told" in found.why
    assert {item["message"] for item in found.evidence} >= {str(open_one.opened_by.message)}
    plantlet.clock.move(4 * MINUTE)
    plantlet.say("aps", 2, {"due_date": due(12)})
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        (closed,) = drift.listing(connection, state="closed")
        (resolved,) = case.listing(connection, state="resolved")
        assert drift.listing(connection) == []
    assert closed.lag == 20 * 60
    assert "agree again" in resolved.resolution


def test_what_settles_in_time_is_no_drift(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.clock.move(10 * MINUTE)
    plantlet.say("aps", 2, {"due_date": due(12)})
    plantlet.record()
    plantlet.clock.move(60 * MINUTE)
    assert detect(plantlet.tower) == 0
    with reading(plantlet.tower.engine) as connection:
        assert drift.listing(connection) == drift.listing(connection, state="closed") == []
        assert case.listing(connection) == case.listing(connection, state="resolved") == []


def test_late_is_not_new(plantlet: Plantlet) -> None:
    now = plantlet.clock.now()
    plantlet.say("erp", 2, {"due_date": due(12)}, at=now)
    plantlet.say("erp", 1, {"due_date": due(9)}, at=now - 3 * MINUTE)
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        assert held(connection, "erp", "due_date") == due(12)
        assert len(event.of_subject(connection, ORDER)) == 2
        (found,) = case.listing(connection)
    assert found.rule == "out-of-order"


def test_a_counter_that_begins_anew_is_news(plantlet: Plantlet) -> None:
    now = plantlet.clock.now()
    plantlet.say("erp", 7, {"due_date": due(9)}, at=now)
    plantlet.say("erp", 1, {"due_date": due(12)}, at=now + MINUTE, id="after-restore")
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        assert held(connection, "erp", "due_date") == due(12)


def lose_a_number(plantlet: Plantlet) -> None:
    """The second of three messages does not come in time."""
    plantlet.say("mes", 1, {"status": "released"})
    plantlet.say("mes", 3, {"status": "running"})
    plantlet.record()
    plantlet.clock.move(11 * MINUTE)


def test_a_missing_number_is_a_lost_message(plantlet: Plantlet) -> None:
    lose_a_number(plantlet)
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert (found.cause, found.rule) == ("Lost message", "missing-number")
    plantlet.say("mes", 2, {"status": "ready"}, at=plantlet.clock.now() - 30 * MINUTE)
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        assert "missing-number" not in {each.rule for each in case.listing(connection)}
        assert held(connection, "mes", "status") == "running"


def test_a_snapshot_makes_up_for_a_lost_message(plantlet: Plantlet) -> None:
    lose_a_number(plantlet)
    detect(plantlet.tower)
    plantlet.say("mes", 4, {"status": "running"}, type="order.snapshot")
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        assert case.listing(connection) == []
        (found,) = case.listing(connection, state="resolved")
    assert found.resolution == "No longer needed: later news has made up for it."


def test_an_expectation_is_missed_and_then_met_late(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"status": "released"})
    plantlet.say("mes", 1, {"status": "completed"})
    plantlet.record()
    plantlet.clock.move(31 * MINUTE)
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert (found.title, found.severity) == ("Completion reaches the ERP: order MO-1, ERP", "A")
    plantlet.say("erp", 2, {"status": "completed"})
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        (missed,) = expectation.listing(connection)
        (resolved,) = case.listing(connection, state="resolved")
    assert missed.met_at is not None
    assert resolved.resolution == "It came, 1 min too late."


def test_a_cancelled_order_is_expected_no_more(plantlet: Plantlet) -> None:
    plantlet.say("mes", 1, {"status": "completed"})
    plantlet.say("erp", 1, {"status": "cancelled"})
    plantlet.record()
    plantlet.clock.move(31 * MINUTE)
    detect(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        assert [each.state for each in expectation.listing(connection, state="void")] == ["void"]


def test_a_bad_event_parks_alone(plantlet: Plantlet) -> None:
    now = plantlet.clock.now()
    good = cloud_event("erp", 1, {"due_date": due(9)}, now)
    bad = cloud_event("erp", 2, {"due_date": "next tuesday"}, now, subject="LYON/order/MO-2")
    receipt = plantlet.deliver("erp", [good, bad])
    plantlet.say("aps", 1, {"due_date": due(9)})
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        kept = message.by_ids(connection, [receipt.message])[receipt.message]
        assert held(connection, "erp", "due_date") == held(connection, "aps", "due_date")
        (found,) = case.listing(connection)
    assert (kept.state, kept.events) == (message.PARTLY, 1)
    assert kept.faults
    assert kept.faults[0]["pointer"] == "/1/data/attributes/due_date"
    assert found.rule == "parked-message"


def test_a_foreign_plant_is_refused(plantlet: Plantlet) -> None:
    receipt = plantlet.say("erp", 1, {"due_date": due(9)}, subject="MARS/order/MO-1")
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        kept = message.by_ids(connection, [receipt.message])[receipt.message]
    assert kept.state == message.PARKED


def test_a_clock_that_runs_ahead_is_measured(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"status": "released"})
    plantlet.say("mes", 1, {"status": "running"}, at=plantlet.clock.now() + 10 * MINUTE)
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        (found,) = case.listing(connection)
    assert (found.rule, found.why) == ("clock-skew", "MES: its clock runs 10 min ahead of ours.")
    plantlet.clock.move(31 * MINUTE)
    detect(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        assert case.listing(connection) == []
        (gone,) = case.listing(connection, state="resolved")
    assert gone.resolution == "Not seen again for 30 min."


def test_a_source_falls_silent_and_is_heard_again(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    plantlet.clock.move(25 * 60 * MINUTE)
    assert detect(plantlet.tower, since=plantlet.clock.now()) == 0
    assert detect(plantlet.tower) == 1
    plantlet.say("erp", 2, {"due_date": due(9)})
    plantlet.record()
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (gone,) = case.listing(connection, state="resolved")
    assert gone.rule == "source-silent"


def test_every_open_drift_has_its_turn_to_be_judged_again(plantlet: Plantlet) -> None:
    for number in range(5):
        subject = f"LYON/order/MO-{number}"
        plantlet.say("erp", 1, {"due_date": due(9)}, subject=subject)
        plantlet.say("aps", 1, {"due_date": due(10)}, subject=subject)
    plantlet.record()
    plantlet.clock.move(16 * MINUTE)
    detect(plantlet.tower)
    for number in range(5):
        plantlet.say("aps", 2, {}, subject=f"LYON/order/MO-{number}", type="order.rejected")
    plantlet.record()
    mark, turns = rejudge(plantlet.tower, limit=2), 1
    while mark is not None:
        mark, turns = rejudge(plantlet.tower, mark, limit=2), turns + 1
    with reading(plantlet.tower.engine) as connection:
        assert {each.cause for each in drift.listing(connection)} == {"rejected"}
    assert turns == 3


def test_a_silence_that_a_person_resolved_stays_resolved(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    plantlet.clock.move(25 * 60 * MINUTE)
    assert detect(plantlet.tower) == 1
    with reading(plantlet.tower.engine) as connection:
        (silent,) = case.listing(connection)
    act(plantlet.tower, silent.id, "ada", RESOLVE, "shut for the holidays")
    assert detect(plantlet.tower) == 0
    with reading(plantlet.tower.engine) as connection:
        assert case.listing(connection) == []
