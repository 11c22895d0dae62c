"""Spans go to a real collector, with the ledger's own ids; a collector that is slow or away disturbs nothing."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog.testing
from sqlalchemy import Engine

from controltower import telemetry
from controltower.connectors.contract import FAILED, UNSURE, Outcome
from controltower.domain import failure
from controltower.domain.clock import Clock
from controltower.domain.landscape import Tier
from controltower.domain.retry import RetryPolicy
from controltower.domain.trace import carried, delivery_span, message_span, traceparent
from controltower.pipeline.deliver import deliver
from controltower.pipeline.receive import Intake
from controltower.pipeline.witness import NOBODY, Witness
from controltower.settings import Settings
from controltower.store import outbox
from controltower.store.engine import connect, reading
from controltower.telemetry.exporting import traces_url
from tests.collector import Collector, Got, collecting
from tests.factories import MINUTE, ORDERS, Plantlet, ScriptedTarget, aim, carrying, cloud_event, due, signed
from tests.waiting import becomes

TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "1bf92f3577b34da6a3ce929d0e0e4737"
TROUBLE = Outcome(FAILED, failure.TROUBLE, "internal error", 500)


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Engine]:
    """One database, for what does not depend on it."""
    connected = connect(sqlite_url)
    yield connected
    connected.dispose()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def settings(endpoint: str) -> Settings:
    here = Path()
    return Settings("", here, here, "", otlp_endpoint=endpoint)


def watched(engine: Engine, endpoint: str) -> Plantlet:
    """A tower on real time whose every step is heard by the exporter."""
    tiers = {"gold": Tier("gold", MINUTE, MINUTE, retry=RetryPolicy((0.2, 0.2), least=0.1))}
    plantlet = Plantlet(engine, carrying(replace(ORDERS, tier="gold"), tiers=tiers))
    clock = Clock()
    plantlet.clock = clock  # type: ignore[assignment]
    witness = telemetry.witness(settings(endpoint), clock)
    plantlet.tower = replace(plantlet.tower, clock=clock, witness=witness)
    plantlet.intake = Intake(plantlet.tower)
    return plantlet


def tell(plantlet: Plantlet, patience: float = 10.0) -> ScriptedTarget:
    """A due date comes in with a trace of the sender's, is refused once by the scheduler, taken then, and shown."""
    (aps,) = aim(plantlet, "aps")
    aps.answers = [TROUBLE]
    plantlet.say("erp", 1, {"due_date": due(9)}, traceparent=traceparent(TRACE))
    plantlet.record()
    until = time.monotonic() + 20
    while not aps.booked and time.monotonic() < until:
        deliver(plantlet.tower, "worker-1", 0.5)
    plantlet.say("aps", 1, {"due_date": due(9)}, traceparent=traceparent(OTHER))
    plantlet.record()
    plantlet.tower.witness.close(patience)
    return aps


def one(found: list[Got]) -> Got:
    (single,) = found
    return single


def test_a_trace_arrives_whole_with_the_ids_of_the_ledger(engine: Engine, collector: Collector) -> None:
    plantlet = watched(engine, collector.url)
    aps = tell(plantlet)
    with reading(engine) as connection:
        (sent,) = outbox.listing(connection, limit=10)
    mine = [each for each in collector.spans if each.trace == TRACE]
    assert sorted(each.name for each in mine) == [
        "apply aps",
        "create aps",
        "process erp",
        "receive erp",
        "send aps",
        "send aps",
    ]
    received, processed = one(collector.named("receive erp")), one(collector.named("process erp"))
    created = one(collector.named("create aps"))
    assert received.span == message_span(sent.position.message)
    assert processed.parent == received.span
    assert created.parent == processed.span
    assert created.span == delivery_span(sent.id)
    for each in collector.named("send aps"):
        assert each.parent == created.span
        assert each.links == ((TRACE, created.span),)
    assert {carried(each.traceparent) for each in aps.attempts} == {(TRACE, created.span)}
    assert one(collector.named("receive aps")).trace == OTHER
    ordered = sorted(mine, key=lambda each: each.start)
    assert ordered[0] is received
    assert all(time.time() - 60 < each.start <= each.end <= time.time() + 1 for each in mine)


def test_names_kinds_and_attributes_are_those_of_the_conventions(
    engine: Engine, collector: Collector
) -> None:
    tell(watched(engine, collector.url))
    kinds = {each.name: each.kind for each in collector.spans}
    assert kinds["receive erp"] == kinds["process erp"] == "CONSUMER"
    assert (kinds["create aps"], kinds["send aps"], kinds["apply aps"]) == ("PRODUCER", "CLIENT", "CLIENT")
    failed, taken = sorted(
        collector.named("send aps"), key=lambda each: each.attributes["controltower.attempt"]
    )
    assert (failed.failed, failed.words) == (True, "internal error")
    assert failed.attributes["error.type"] == failure.TROUBLE
    assert failed.attributes["http.response.status_code"] == 500
    assert not taken.failed
    assert "error.type" not in taken.attributes
    expected = {
        "messaging.system": "controltower",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "aps",
        "messaging.message.conversation_id": "MO-1",
        "cloudevents.event_type": "order.changed",
        "cloudevents.event_subject": "LYON/order/MO-1",
    }
    assert expected.items() <= taken.attributes.items()
    assert one(collector.named("apply aps")).attributes["messaging.operation.type"] == "settle"
    assert taken.resource["service.name"] == "control-tower"
    assert taken.resource["service.instance.id"].endswith(f"/{os.getpid()}")


def test_the_senders_own_span_is_parent_and_link(engine: Engine, collector: Collector) -> None:
    plantlet = watched(engine, collector.url)
    body = json.dumps(cloud_event("erp", 1, {"item": "PUMP-7"}, plantlet.clock.now()))
    headers = signed(body, "d-1") | {"content-type": "application/cloudevents+json"}
    header = f"00-{TRACE}-00f067aa0ba902b7-01"
    plantlet.intake.receive("erp", headers | {"traceparent": header}, body.encode())
    plantlet.intake.stop()
    plantlet.tower.witness.close(10.0)
    received = one(collector.named("receive erp"))
    assert (received.trace, received.parent) == (TRACE, "00f067aa0ba902b7")
    assert received.links == ((TRACE, "00f067aa0ba902b7"),)
    assert received.attributes["messaging.message.id"] == "d-1"


def test_events_of_a_batch_with_traces_of_their_own_link_to_their_message(
    engine: Engine, collector: Collector
) -> None:
    plantlet = watched(engine, collector.url)
    events = [
        cloud_event("erp", number, {"item": "PUMP-7"}, plantlet.clock.now(), traceparent=traceparent(trace))
        for number, trace in enumerate((TRACE, OTHER), 1)
    ]
    receipt = plantlet.deliver("erp", events)
    plantlet.record()
    plantlet.tower.witness.close(10.0)
    processed = collector.named("process erp")
    assert {each.trace for each in processed} == {TRACE, OTHER}
    assert {each.parent for each in processed} == {""}
    assert {each.links for each in processed} == {((receipt.trace, message_span(receipt.message)),)}


def test_an_unknown_outcome_and_its_reading_back_are_told(engine: Engine, collector: Collector) -> None:
    plantlet = watched(engine, collector.url)
    (aps,) = aim(plantlet, "aps")
    aps.lost_answers = 1
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.record()
    until = time.monotonic() + 20
    while not aps.looks and time.monotonic() < until:
        deliver(plantlet.tower, "worker-1", 0.5)
    plantlet.tower.witness.close(10.0)
    assert one(collector.named("send aps")).attributes["error.type"] in (failure.TIMEOUT, UNSURE)
    assert one(collector.named("read-back aps")).attributes["messaging.operation.type"] == "settle"


def test_a_fast_clock_is_told_in_real_time(sqlite: Engine, collector: Collector) -> None:
    plantlet = watched(sqlite, collector.url)
    fast = Clock(real=time.time(), virtual=1_000_000_000.0, speed=60.0)
    witness = telemetry.witness(settings(collector.url), fast)
    plantlet.tower = replace(plantlet.tower, clock=fast, witness=witness)
    plantlet.clock = fast  # type: ignore[assignment]
    plantlet.intake = Intake(plantlet.tower)
    tell(plantlet)
    assert len(collector.spans) >= 6
    for each in collector.spans:
        assert time.time() - 60 < each.start <= each.end < time.time() + 5, each.name


def test_without_an_endpoint_nobody_listens_and_nothing_is_loaded() -> None:
    assert telemetry.witness(settings(""), Clock()) is NOBODY
    program = (
        "import sys, controltower.workers, controltower.assembly, controltower.telemetry\n"
        "print(sorted(name for name in sys.modules if name.startswith(('opentelemetry', 'google.protobuf'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("held", "endpoint"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://standard:4318"}, "http://standard:4318"),
        (
            {"CONTROLTOWER_OTLP_ENDPOINT": "http://own:4318", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"},
            "http://own:4318",
        ),
    ],
)
def test_the_endpoint_is_read_from_the_environment(held: dict[str, str], endpoint: str) -> None:
    assert Settings.from_environment(held).otlp_endpoint == endpoint


def test_the_endpoint_names_the_collector_or_the_place_itself() -> None:
    for given in ("http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"):
        assert traces_url(given) == "http://c:4318/v1/traces"


def test_a_collector_that_is_away_disturbs_nothing_and_is_told_once(
    sqlite: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with collecting() as gone:
        url = gone.url
    plantlet = watched(sqlite, url)
    with caplog.at_level(logging.INFO), structlog.testing.capture_logs() as said:
        aps = tell(plantlet, patience=0.5)
        assert becomes(lambda: any("collector" in each["event"] for each in said))
    assert len(aps.booked) == 1
    assert [each["event"] for each in said if "collector" in each["event"]] == [
        "collector does not take spans"
    ]
    assert not [each for each in caplog.records if each.name.startswith("opentelemetry")]


def test_a_slow_collector_is_not_waited_for(sqlite: Engine, collector: Collector) -> None:
    collector.delay = 1.5
    plantlet = watched(sqlite, collector.url)
    receipts = [plantlet.say("erp", number, {"item": f"PUMP-{number}"}) for number in range(1, 4)]
    assert becomes(lambda: collector.posts > 0)
    # A post is under way and is answered much later; the door and the ledger go on meanwhile.
    plantlet.say("erp", 4, {"item": "PUMP-4"})
    assert plantlet.record() == 4
    assert collector.spans == []
    assert becomes(lambda: len(collector.named("receive erp")) == 4)
    told = {each.attributes["controltower.message"] for each in collector.named("receive erp")}
    assert {str(each.message) for each in receipts} < told
    plantlet.tower.witness.close(0.1)


def test_a_collector_that_refuses_and_comes_back_gets_what_is_new(
    sqlite: Engine, collector: Collector
) -> None:
    collector.status = 400
    plantlet = watched(sqlite, collector.url)
    plantlet.say("erp", 1, {"item": "PUMP-1"})
    assert becomes(lambda: collector.posts > 0)
    collector.status = 200
    plantlet.say("erp", 2, {"item": "PUMP-2"})
    assert becomes(lambda: bool(collector.spans))
    plantlet.tower.witness.close(5.0)
    assert [each.name for each in collector.spans] == ["receive erp"]


def test_what_goes_wrong_in_telling_never_reaches_the_pipeline(sqlite: Engine, collector: Collector) -> None:
    plantlet = watched(sqlite, collector.url)
    plantlet.tower.witness.recorded([object()], 0.1)  # type: ignore[list-item]
    assert plantlet.say("erp", 1, {"item": "PUMP-1"}).accepted == 1
    plantlet.tower.witness.close(5.0)


def test_nobody_hears_everything() -> None:
    nobody = Witness()
    nobody.received([])
    nobody.polled([])
    nobody.recorded([], 0.0)
    nobody.tried([])
    nobody.applied([])
    nobody.close()
    assert NOBODY.__class__ is Witness
