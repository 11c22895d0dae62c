"""Webhooks at the door: believed, durable, told apart from their repeats."""

import json
import threading

import pytest
from sqlalchemy import Engine

from controltower.domain.landscape import Hooks
from controltower.pipeline.receive import Refusal
from controltower.store import channel, message
from controltower.store.engine import reading
from tests.factories import SECRET, Plantlet, cloud_event, due, landscape, signed, system


def test_an_answer_means_that_it_is_stored(plantlet: Plantlet) -> None:
    receipt = plantlet.say("erp", 1, {"due_date": due(9)})
    with reading(plantlet.tower.engine) as connection:
        kept = message.get(connection, receipt.message)
    assert kept is not None
    row, payload = kept
    assert (row.system, row.state, receipt.accepted, receipt.duplicates) == ("erp", message.RECEIVED, 1, 0)
    assert json.loads(payload.body)["id"] == "erp:LYON/order/MO-1:1"


def test_the_same_delivery_again_is_a_duplicate(plantlet: Plantlet) -> None:
    event = cloud_event("erp", 1, {"due_date": due(9)}, plantlet.clock.now())
    first = plantlet.deliver("erp", event, delivery="d-1")
    second = plantlet.deliver("erp", event, delivery="d-1")
    assert (first.accepted, first.duplicates) == (1, 0)
    assert (second.accepted, second.duplicates) == (0, 1)
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        row, _ = message.get(connection, second.message) or pytest.fail("not kept")
        counted = channel.get(connection, "erp", "hook")
    assert (row.state, row.original) == (message.DUPLICATE, first.message)
    assert (counted.messages, counted.duplicates) == (2, 1)


def test_the_same_event_in_another_delivery_is_a_duplicate(plantlet: Plantlet) -> None:
    old = cloud_event("erp", 1, {"due_date": due(9)}, plantlet.clock.now())
    new = cloud_event("erp", 2, {"due_date": due(10)}, plantlet.clock.now())
    plantlet.deliver("erp", [old])
    receipt = plantlet.deliver("erp", [old, new, new])
    assert (receipt.accepted, receipt.duplicates) == (1, 2)
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        row, _ = message.get(connection, receipt.message) or pytest.fail("not kept")
    assert (row.events, row.duplicates) == (1, [0, 2])


def test_a_reused_id_is_an_exception_and_no_duplicate(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)}, id="same")
    receipt = plantlet.say("erp", 2, {"due_date": due(10)}, id="same")
    assert (receipt.accepted, receipt.duplicates) == (1, 0)
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        row, _ = message.get(connection, receipt.message) or pytest.fail("not kept")
    assert row.state == message.PARKED
    assert row.faults
    assert "used before" in row.faults[0]["message"]


def test_a_broken_message_is_refused_and_kept_with_the_place(plantlet: Plantlet) -> None:
    event = cloud_event("erp", 1, {}, plantlet.clock.now())
    del event["id"]
    with pytest.raises(Refusal) as refused:
        plantlet.deliver("erp", event)
    assert refused.value.status == 400
    assert any("id" in fault.pointer + fault.message for fault in refused.value.errors)
    with reading(plantlet.tower.engine) as connection:
        kept = message.listing(connection, state=message.REJECTED)
    assert len(kept) == 1
    assert kept[0].faults


@pytest.mark.parametrize(
    ("system", "spoilt", "status"),
    [
        ("nobody", {}, 404),
        ("erp", {"webhook-signature": "v1,AAAA"}, 401),
        ("erp", {"webhook-timestamp": "1000000000"}, 401),
        ("erp", {"content-type": "text/html"}, 415),
    ],
)
def test_refusals_store_nothing(plantlet: Plantlet, system: str, spoilt: dict[str, str], status: int) -> None:
    body = json.dumps(cloud_event("erp", 1, {}, plantlet.clock.now()))
    headers = signed(body, "d-1") | {"content-type": "application/cloudevents+json"} | spoilt
    with pytest.raises(Refusal) as refused:
        plantlet.intake.receive(system, headers, body.encode())
    plantlet.intake.stop()
    assert refused.value.status == status
    with reading(plantlet.tower.engine) as connection:
        assert message.listing(connection) == []
        counted = channel.get(connection, "erp", "hook")
    assert counted.refused == (1 if status == 401 else 0)


def test_many_at_once_are_each_stored_once(plantlet: Plantlet) -> None:
    receipts = []

    def send(number: int) -> None:
        at = plantlet.clock.now()
        for sequence in range(1, 6):
            event = cloud_event("erp", sequence, {"due_date": due(9)}, at, subject=f"LYON/order/MO-{number}")
            receipts.append(plantlet.deliver("erp", event, delivery=f"{number}-{sequence}"))

    senders = [threading.Thread(target=send, args=(number,)) for number in range(12)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    with reading(plantlet.tower.engine) as connection:
        kept = message.by_ids(connection, [receipt.message for receipt in receipts])
    assert len(kept) == len(receipts) == 60
    assert sum(receipt.accepted for receipt in receipts) == 60


def test_nothing_is_acknowledged_when_it_cannot_be_stored(plantlet: Plantlet) -> None:
    with plantlet.tower.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE payload RENAME TO payload_gone")
    with pytest.raises(Refusal) as refused:
        plantlet.say("erp", 1, {"due_date": due(9)})
    assert refused.value.status == 503
    assert refused.value.retry_after
    with plantlet.tower.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE payload_gone RENAME TO payload")
    assert plantlet.say("erp", 1, {"due_date": due(9)}).accepted == 1


def test_more_than_the_rate_is_told_to_wait(engine: Engine) -> None:
    slow = system("erp", "erp", hooks=Hooks(secrets=(SECRET,), rate=2))
    plantlet = Plantlet(engine, landscape(systems={"erp": slow}))
    for sequence in (1, 2):
        assert plantlet.say("erp", sequence, {"due_date": due(9)}).accepted == 1
    with pytest.raises(Refusal) as refused:
        plantlet.say("erp", 3, {"due_date": due(9)})
    plantlet.intake.stop()
    assert refused.value.status == 429
    assert refused.value.retry_after
    with reading(engine) as connection:
        assert len(message.listing(connection)) == 2
