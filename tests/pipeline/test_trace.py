"""A trace comes in by the request or by the events themselves, or begins here; message and events keep it."""

import json
from typing import Any

from controltower.domain.trace import message_of, traceparent
from controltower.pipeline.arrival import Receipt
from controltower.store import event, message
from controltower.store.engine import reading
from tests.factories import MORNING, Plantlet, cloud_event, signed

FIRST, SECOND = "4bf92f3577b34da6a3ce929d0e0e4736", "1bf92f3577b34da6a3ce929d0e0e4737"


def an_event(sequence: int, trace: str = "") -> dict[str, Any]:
    made = cloud_event("erp", sequence, {"item": "PUMP-7"}, MORNING)
    return made | ({"traceparent": traceparent(trace)} if trace else {})


def traces_of(plantlet: Plantlet, receipt: Receipt) -> tuple[str, list[str]]:
    """The trace kept with a message, and those of its events."""
    plantlet.record()
    with reading(plantlet.tower.engine) as connection:
        kept = message.by_ids(connection, [receipt.message])[receipt.message]
        return kept.trace, [each.trace for each in event.of_message(connection, receipt.message)]


def test_the_request_brings_the_trace(plantlet: Plantlet) -> None:
    body = json.dumps(an_event(1))
    headers = signed(body, "d-1") | {"content-type": "application/cloudevents+json"}
    receipt = plantlet.intake.receive("erp", headers | {"traceparent": traceparent(FIRST)}, body.encode())
    assert receipt.trace == FIRST
    assert traces_of(plantlet, receipt) == (FIRST, [FIRST])


def test_the_event_brings_the_trace(plantlet: Plantlet) -> None:
    receipt = plantlet.deliver("erp", an_event(1, SECOND))
    assert receipt.trace == SECOND
    assert traces_of(plantlet, receipt) == (SECOND, [SECOND])


def test_in_binary_mode_a_header_brings_it(plantlet: Plantlet) -> None:
    made = an_event(1, SECOND)
    body = json.dumps(made.pop("data"))
    headers = {f"ce-{name}": str(held) for name, held in made.items()}
    headers |= signed(body, "d-1") | {"content-type": "application/json"}
    assert traces_of(plantlet, plantlet.intake.receive("erp", headers, body.encode())) == (SECOND, [SECOND])


def test_the_events_of_a_batch_keep_each_its_own(plantlet: Plantlet) -> None:
    receipt = plantlet.deliver("erp", [an_event(1, FIRST), an_event(2, SECOND), an_event(3)])
    trace, events = traces_of(plantlet, receipt)
    assert message_of(trace) == receipt.message
    assert events == [FIRST, SECOND, trace]


def test_a_broken_one_is_no_fault_and_a_new_one_leads_back_to_its_message(plantlet: Plantlet) -> None:
    receipt = plantlet.deliver("erp", an_event(1) | {"traceparent": 7})
    trace, events = traces_of(plantlet, receipt)
    assert events == [trace]
    assert receipt.trace == trace
    assert message_of(trace) == receipt.message
