"""What is measured on the way, and that nothing is measured twice."""

import datetime
from dataclasses import replace

import pytest

from controltower.connectors.contract import FAILED, Outcome
from controltower.domain import failure
from controltower.domain.latency import (
    AHEAD,
    ATTEMPT,
    DELIVERY,
    EXPECTATION,
    FRESHNESS,
    IN,
    KINDS,
    PROCESSING,
)
from controltower.domain.slo import Slo
from controltower.pipeline.deliver import deliver
from controltower.pipeline.detect import detect
from controltower.pipeline.gauge import Gauge
from controltower.pipeline.receive import Refusal
from controltower.pipeline.reprocess import reprocess
from controltower.pipeline.watching import watch
from controltower.store import backlog, calls, case, latency
from controltower.store.engine import reading
from controltower.store.latency import Spread
from tests.factories import MINUTE, Plantlet, aim, carrying, due

HOUR = datetime.timedelta(hours=1)


def measured(plantlet: Plantlet) -> dict[latency.Key, Spread]:
    now = plantlet.clock.now()
    with reading(plantlet.tower.engine) as connection:
        return latency.spreads(connection, KINDS, now - HOUR, now)


def test_news_is_measured_from_where_it_happened_and_once(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.clock.move(5 * MINUTE)
    plantlet.say("erp", 2, {"due_date": due(10)}, at=plantlet.clock.now() - 2 * MINUTE)
    plantlet.clock.move(MINUTE)
    plantlet.record()
    first = measured(plantlet)
    assert first[IN, "erp", ""].number == 2
    assert 115 < (first[IN, "erp", ""].p99 or 0) < 125
    assert (first[PROCESSING, "erp", ""].p99 or 0) > 300
    reprocess(plantlet.tower)
    assert measured(plantlet) == first


def test_a_clock_that_runs_ahead_is_no_latency(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)}, at=plantlet.clock.now() + datetime.timedelta(seconds=450))
    plantlet.record()
    found = measured(plantlet)
    assert (IN, "erp", "") not in found
    assert 435 < (found[AHEAD, "erp", ""].p50 or 0) < 465


def test_history_that_is_told_late_is_not_slow(plantlet: Plantlet) -> None:
    plantlet.say("erp", 1, {"due_date": due(9)}, at=plantlet.clock.now() - 30 * HOUR)
    plantlet.record()
    assert (IN, "erp", "") not in measured(plantlet)


def test_answers_are_measured_and_missed_ones_counted(plantlet: Plantlet) -> None:
    plantlet.say("mes", 1, {"status": "completed"})
    plantlet.record()
    plantlet.clock.move(31 * MINUTE)
    detect(plantlet.tower)
    plantlet.say("mes", 1, {"status": "completed"}, subject="LYON/order/MO-2")
    plantlet.record()
    plantlet.clock.move(10 * MINUTE)
    plantlet.say("erp", 1, {"status": "completed"}, subject="LYON/order/MO-2")
    plantlet.record()
    found = measured(plantlet)[EXPECTATION, "completion-posted", "erp"]
    assert (found.number, found.failed) == (1, 1)
    assert 580 < (found.p50 or 0) < 620


def test_what_is_told_is_measured_by_call_and_by_delivery(plantlet: Plantlet) -> None:
    plantlet.tower = replace(plantlet.tower, landscape=carrying())
    (aps,) = aim(plantlet, "aps")
    aps.answers = [Outcome(FAILED, failure.REFUSED, "no such item 4711", 422)]
    for number in (1, 2):
        plantlet.say("erp", 1, {"due_date": due(9)}, subject=f"LYON/order/MO-{number}")
    plantlet.record()
    deliver(plantlet.tower, "me")
    found = measured(plantlet)
    assert found[ATTEMPT, "orders-to-aps", "aps"].number == 2
    assert (
        found[DELIVERY, "orders-to-aps", "aps"].number,
        found[DELIVERY, "orders-to-aps", "aps"].failed,
    ) == (1, 1)
    with reading(plantlet.tower.engine) as connection:
        (one,) = calls.patterns(connection, plantlet.clock.now() - HOUR)
        rows = calls.failures(connection, one.fingerprint, plantlet.clock.now() - HOUR)
    assert (one.system, one.way, one.status, one.error, one.number) == ("aps", "send", "4xx", "refused", 1)
    assert [each.words for each in rows] == ["no such item 4711"]


def test_who_is_turned_away_at_the_door_is_counted(plantlet: Plantlet) -> None:
    with pytest.raises(Refusal):
        plantlet.intake.receive("erp", {"content-type": "application/cloudevents+json"}, b"{}")
    plantlet.intake.stop()
    with reading(plantlet.tower.engine) as connection:
        (one,) = calls.patterns(connection, plantlet.clock.now() - HOUR)
    assert (one.system, one.way, one.status) == ("erp", "hook", "4xx")


def test_queues_are_written_down_once_a_minute(plantlet: Plantlet) -> None:
    gauge = Gauge(plantlet.tower)
    plantlet.say("erp", 1, {"due_date": due(9)})
    plantlet.clock.move(2 * MINUTE)
    assert gauge.look() == 1
    assert gauge.look() == 0
    plantlet.record()
    plantlet.clock.move(MINUTE)
    gauge.look()
    now = plantlet.clock.now()
    with reading(plantlet.tower.engine) as connection:
        _, samples = backlog.course(connection, now - HOUR, now)
    assert [(each.kind, each.name, each.number, each.oldest) for each in samples] == [
        ("inbox", "erp", 1, 120.0)
    ]
    assert measured(plantlet)[FRESHNESS, "erp", ""].number == 2


def test_a_promise_that_burns_is_an_exception_until_it_no_longer_does(plantlet: Plantlet) -> None:
    slo = Slo("news", "News within a minute", "in-latency", MINUTE, 0.95)
    land = replace(plantlet.tower.landscape, slos=(slo,))
    plantlet.tower = replace(plantlet.tower, landscape=land)
    plantlet.say("erp", 1, {"due_date": due(9)}, subject="LYON/order/MO-0")
    plantlet.clock.move(20 * MINUTE)
    for number in range(1, 9):
        subject = f"LYON/order/MO-{number}"
        plantlet.say("erp", 1, {"due_date": due(9)}, subject=subject, at=plantlet.clock.now() - 10 * MINUTE)
    plantlet.record()
    watch(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        (burning,) = case.open_of(connection, ("slo-burn",))
    assert (burning.system, burning.title) == ("erp", "Promise at risk: News within a minute")
    plantlet.clock.move(7 * HOUR)
    watch(plantlet.tower)
    with reading(plantlet.tower.engine) as connection:
        assert case.open_of(connection, ("slo-burn",)) == []
