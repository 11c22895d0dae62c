"""Deliveries: written with their event, sent in order, tried again, read back, dead only when a person must decide."""

import dataclasses
import datetime
import threading
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.delivery import (
    APPLIED,
    DEAD,
    DELIVERED,
    PENDING,
    RETRYING,
    SENDING,
    SUPERSEDED,
    UNKNOWN,
    WAITING,
    Delivery,
)
from controltower.domain.expectation import Sign
from controltower.domain.landscape import Tier
from controltower.domain.retry import RetryPolicy, Sending
from controltower.domain.subject import order_subject
from controltower.pipeline.claim import claim
from controltower.pipeline.deliver import deliver, share
from controltower.pipeline.publish import Told, publish
from controltower.pipeline.reprocess import reprocess
from controltower.store import attempt, belief, delivery, event, gate, outbox
from controltower.store.engine import reading, writing
from tests.factories import CONFIRMATIONS, MINUTE, ORDERS, Plantlet, aim, carrying, due

SECOND = datetime.timedelta(seconds=1)
REFUSED = Outcome(FAILED, failure.REFUSED, "order MO-1 has no routing", 422)
BUSY = Outcome(FAILED, failure.BUSY, "slow down", 429, retry_after=90.0)
TROUBLE = Outcome(FAILED, failure.TROUBLE, "internal error", 500)
AWAY = Outcome(FAILED, failure.UNREACHABLE, "connection refused")
NO_ENTRY = Outcome(FAILED, failure.CREDENTIALS, "token expired", 401)


def outbox_of(plantlet: Plantlet) -> list[Delivery]:
    """All deliveries, oldest first."""
    with reading(plantlet.tower.engine) as connection:
        return outbox.listing(connection, limit=500)[::-1]


def states(plantlet: Plantlet) -> list[str]:
    return [each.state for each in outbox_of(plantlet)]


def send(plantlet: Plantlet) -> int:
    return deliver(plantlet.tower, "worker-1", 2.0)


def quantity(value: int) -> dict[str, object]:
    return {"value": str(value), "unit": "EA"}


def confirm(plantlet: Plantlet, sequence: int, good: int) -> None:
    plantlet.say("mes", sequence, {"quantity_good": quantity(good)})
    plantlet.record()


def test_event_writes_its_delivery_with_the_owners_present_values(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    plantlet.say("erp", 1, {"due_date": due(9), "quantity": quantity(120)})
    plantlet.record()
    (written,) = outbox_of(plantlet)
    assert (written.state, written.route, written.target) == (PENDING, "orders-to-aps", "aps")
    assert {name: value.text for name, value in written.attributes.items()} == {
        "due_date": due(9),
        "quantity": "120",
    }
    assert send(plantlet) == 1
    (taken,) = outbox_of(plantlet)
    assert (taken.state, taken.attempts) == (DELIVERED, 1)
    assert [each.key for each in aps.booked] == [written.key]


def test_delivered_is_applied_only_when_the_target_shows_it(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    aim(plantlet, "aps")
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    send(plantlet)
    plantlet.say("aps", 1, {"due_date": due(8)})
    plantlet.record()
    assert states(plantlet) == [DELIVERED]
    plantlet.say("aps", 2, {"due_date": due(9)})
    plantlet.record()
    assert states(plantlet) == [APPLIED]


def test_target_that_heard_the_owners_newer_value_elsewhere_shows_it_too(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(replace(ORDERS, when=(Sign("erp", attribute="quantity"),))))
    aim(plantlet, "aps")
    plantlet.say("erp", 1, {"due_date": due(9), "quantity": quantity(120)})
    plantlet.record()
    send(plantlet)
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.say("aps", 1, {"due_date": due(12)})
    plantlet.record()
    assert states(plantlet) == [APPLIED]


@pytest.mark.parametrize(("status", "channel", "carried"), [
    ("closed", "poll", 0), ("released", "poll", 1), ("closed", "hook", 1),
])  # fmt: skip
def test_history_of_a_first_look_is_not_carried(
    engine: Engine, status: str, channel: str, carried: int
) -> None:
    plantlet = Plantlet(engine, carrying())
    able, plantlet.tower = plantlet.tower, replace(plantlet.tower, senders={})
    plantlet.say("erp", 1, {"due_date": due(9), "status": status})
    plantlet.record()
    subject = order_subject("LYON", "MO-1")
    with writing(engine) as connection:
        (told,) = event.of_subject(connection, subject)
        moves = [held for _, held in belief.of(connection, [subject])]
        publish(connection, able, [Told(told._replace(channel=channel), moves, first=True)])
    assert len(outbox_of(plantlet)) == carried


def test_newer_one_supersedes_what_is_stuck(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    aps.answers = [TROUBLE]
    plantlet.say("erp", 1, {"due_date": due(9), "quantity": quantity(10)})
    plantlet.record()
    send(plantlet)
    assert states(plantlet) == [RETRYING]
    plantlet.say("erp", 2, {"due_date": due(12)})
    plantlet.record()
    old, new = outbox_of(plantlet)
    assert (old.state, old.replaced_by, new.state) == (SUPERSEDED, new.id, PENDING)
    send(plantlet)
    assert [each.attributes["due_date"].text for each in aps.booked] == [due(12)]


def test_later_ones_wait_and_go_in_order(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (erp,) = aim(plantlet, "erp")
    for sequence, good in enumerate((10, 20, 30), 1):
        confirm(plantlet, sequence, good)
    assert states(plantlet) == [PENDING, WAITING, WAITING]
    send(plantlet)
    assert [each.attributes["quantity_good"].text for each in erp.booked] == ["10", "20", "30"]


def test_later_ones_wait_behind_a_dead_one_where_the_route_says_so(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (erp,) = aim(plantlet, "erp")
    erp.answers = [REFUSED]
    confirm(plantlet, 1, 10)
    confirm(plantlet, 2, 20)
    send(plantlet)
    assert states(plantlet) == [DEAD, WAITING]
    assert erp.booked == []


def test_refusal_is_dead_at_once_and_grouped_without_its_numbers(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    aps.answers = [REFUSED, Outcome(FAILED, failure.REFUSED, "order MO-2 has no routing", 422)]
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.say("erp", 1, {"due_date": due(9)}, subject="LYON/order/MO-2")
    plantlet.record()
    send(plantlet)
    assert states(plantlet) == [DEAD, DEAD]
    with reading(engine) as connection:
        (group,) = outbox.groups(connection)
    assert (group.number, group.attempts, group.error) == (2, 2, failure.REFUSED)


def test_dead_after_the_last_try_of_its_tier(engine: Engine) -> None:
    tiers = {"gold": Tier("gold", MINUTE, MINUTE, retry=RetryPolicy((5.0, 5.0)))}
    plantlet = Plantlet(engine, carrying(replace(ORDERS, tier="gold"), tiers=tiers))
    (aps,) = aim(plantlet, "aps")
    aps.answers = [TROUBLE] * 3
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    seen = []
    for _ in range(3):
        send(plantlet)
        seen += states(plantlet)
        plantlet.clock.move(6 * SECOND)
    assert seen == [RETRYING, RETRYING, DEAD]
    (dead,) = outbox_of(plantlet)
    assert dead.attempts == 3
    assert dead.first_failed_at is not None
    assert dead.last_failed_at is not None
    assert dead.last_failed_at - dead.first_failed_at == 12 * SECOND
    with reading(engine) as connection:
        assert [each.outcome for each in attempt.of_delivery(connection, dead.id)] == [FAILED] * 3


def test_retry_after_wins_and_holds_for_all_that_goes_there(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    aps.answers = [BUSY]
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    send(plantlet)
    plantlet.say("erp", 1, {"due_date": due(9)}, subject="LYON/order/MO-2")
    plantlet.record()
    plantlet.clock.move(80 * SECOND)
    assert send(plantlet) == 0
    plantlet.clock.move(11 * SECOND)
    send(plantlet)
    assert states(plantlet) == [DELIVERED, DELIVERED]


def test_lost_answer_is_read_back_and_never_posted_twice(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (erp,) = aim(plantlet, "erp")
    erp.lost_answers = 1
    confirm(plantlet, 1, 10)
    confirm(plantlet, 2, 20)
    send(plantlet)
    assert states(plantlet) == [UNKNOWN, WAITING]
    plantlet.clock.move(2 * SECOND)
    send(plantlet)
    assert states(plantlet) == [DELIVERED, DELIVERED]
    assert len(erp.attempts) == 2
    assert len(erp.looks) == 1
    assert [each.attributes["quantity_good"].text for each in erp.booked] == ["10", "20"]


def test_lost_request_is_read_back_as_absent_and_sent_again_with_its_key(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (erp,) = aim(plantlet, "erp")
    erp.answers = [Outcome("unknown", failure.TIMEOUT, "no answer")]
    confirm(plantlet, 1, 10)
    for _ in range(3):
        send(plantlet)
        plantlet.clock.move(10 * SECOND)
    assert states(plantlet) == [DELIVERED]
    assert len({each.key for each in erp.attempts}) == 1
    assert len(erp.attempts) == 2
    assert len(erp.booked) == 1


def test_target_that_knows_its_keys_is_simply_told_again(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (erp,) = aim(plantlet, "erp", idempotent=True)
    erp.lost_answers = 1
    confirm(plantlet, 1, 10)
    send(plantlet)
    plantlet.clock.move(2 * SECOND)
    send(plantlet)
    assert (states(plantlet), len(erp.attempts), len(erp.booked), erp.looks) == ([DELIVERED], 2, 1, [])


def test_refused_credentials_pause_the_interface_and_kill_nothing(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    aps.answers = [NO_ENTRY]
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    send(plantlet)
    with reading(engine) as connection:
        held = gate.get(connection, "aps")
    assert "token expired" in held.pause_reason
    plantlet.clock.move(60 * MINUTE)
    assert send(plantlet) == 0
    assert states(plantlet) == [RETRYING]


def test_circuit_opens_after_failures_and_one_probe_closes_it(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(sending=Sending(in_flight=1, open_after=3, rest=30)))
    (aps,) = aim(plantlet, "aps")
    aps.answers = [AWAY] * 4
    for number in range(1, 8):
        plantlet.say("erp", 1, {"due_date": due(9)}, subject=f"LYON/order/MO-{number}")
    plantlet.record()
    send(plantlet)
    assert len(aps.attempts) == 3
    plantlet.clock.move(31 * SECOND)
    send(plantlet)
    assert len(aps.attempts) == 4  # the probe failed: it rests again
    plantlet.clock.move(31 * SECOND)
    send(plantlet)
    assert len(aps.booked) >= 1
    for _ in range(40):
        plantlet.clock.move(5 * SECOND)
        send(plantlet)
    assert states(plantlet) == [DELIVERED] * 7


def test_lapsed_claim_is_taken_up_as_unknown(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (erp,) = aim(plantlet, "erp")
    confirm(plantlet, 1, 10)
    (held,) = outbox_of(plantlet)
    with writing(engine) as connection:
        gone = held._replace(
            state=SENDING, claimed_by="a worker that was killed", claimed_until=1.0, attempts=1
        )
        delivery.put(connection, [gone])
        attempt.begin(
            connection, [attempt.Attempt(held.id, 1, attempt.SEND, gone.claimed_by, plantlet.clock.now())]
        )
    plantlet.clock.move(MINUTE)
    send(plantlet)
    plantlet.clock.move(MINUTE)
    send(plantlet)
    assert states(plantlet) == [DELIVERED]
    assert (len(erp.looks), len(erp.booked)) == (1, 1)
    with reading(engine) as connection:
        assert [each.outcome for each in attempt.of_delivery(connection, held.id)] == [
            "lost",
            "absent",
            "delivered",
        ]


def test_reprocess_publishes_nothing_again(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying())
    (aps,) = aim(plantlet, "aps")
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    send(plantlet)
    reprocess(plantlet.tower)
    send(plantlet)
    assert (len(outbox_of(plantlet)), len(aps.booked)) == (1, 1)


def test_what_the_target_needs_and_nobody_knows_is_not_sent(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(replace(ORDERS, needs=("quantity",))))
    aim(plantlet, "aps")
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    assert outbox_of(plantlet) == []
    plantlet.say("erp", 2, {"quantity": quantity(5)})
    plantlet.record()
    assert states(plantlet) == [PENDING]


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_share_the_outbox_and_keep_each_order(engine: Engine, workers: int) -> None:
    plantlet = Plantlet(engine, carrying(dataclasses.replace(CONFIRMATIONS), sending=Sending(in_flight=6)))
    (erp,) = aim(plantlet, "erp")
    for sequence in range(1, 6):
        for order in range(12):
            subject = f"LYON/order/MO-{order}"
            plantlet.say("mes", sequence, {"quantity_good": quantity(sequence)}, subject=subject)
    plantlet.record()
    tower = plantlet.tower
    threads = [threading.Thread(target=deliver, args=(tower, f"worker-{n}", 20.0)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver(tower, "the last one", 10.0)
    assert len(erp.booked) == len(erp.attempts) == 60
    for order in range(12):
        mine = [each for each in erp.booked if each.subject.key == f"MO-{order}"]
        assert [each.attributes["quantity_good"].text for each in mine] == ["1", "2", "3", "4", "5"]


def test_a_worker_claims_no_more_than_it_has_hands_and_leaves_some_for_each_target() -> None:
    assert [share(64, 1), share(64, 3), share(2, 3), share(1, 1), share(0, 3)] == [64, 21, 1, 1, 0]


def test_what_one_worker_cannot_send_at_once_is_left_to_the_others(engine: Engine) -> None:
    plantlet = Plantlet(engine, carrying(sending=Sending(in_flight=10)))
    aim(plantlet, "aps")
    for number in range(9):
        plantlet.say("erp", 1, {"due_date": due(9)}, subject=f"LYON/order/MO-{number}")
    plantlet.record()
    with writing(engine) as connection:
        claims = [claim(connection, plantlet.tower, "aps", f"worker-{number}", 4) for number in range(3)]
    assert [len(each) for each in claims] == [4, 4, 1]
    assert len({each.delivery.id for one in claims for each in one}) == 9
