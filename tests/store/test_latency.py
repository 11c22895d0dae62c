"""Latencies are kept as sketches: they merge by adding, are exact to three per cent, and forget in time."""

import datetime
import math
import random

import pytest
from sqlalchemy import Engine

from controltower.domain.latency import DELIVERY, IN, Took
from controltower.store import latency
from controltower.store.engine import reading, writing
from controltower.store.latency import NEVER, Spread

NOW = datetime.datetime(2026, 3, 2, 6, 0, 30, tzinfo=datetime.UTC)
MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


def put(engine: Engine, at: datetime.datetime, *seconds: float | None, plant: str = "LYON") -> None:
    with writing(engine) as connection:
        latency.add(connection, at, [Took(IN, "erp", "", plant, each) for each in seconds])


def spread(engine: Engine, since: datetime.timedelta, plant: str = "") -> Spread:
    with reading(engine) as connection:
        found = latency.spreads(connection, (IN,), NOW - since, NOW, [plant] if plant else ())
    return found.get((IN, "erp", ""), Spread())


def test_quantiles_are_exact_to_three_per_cent_however_they_came(engine: Engine) -> None:
    chance = random.Random(7)
    times = [chance.lognormvariate(1.0, 1.5) for _ in range(2000)]
    for n in range(0, len(times), 100):
        put(engine, NOW - n // 100 * 2 * MINUTE, *times[n : n + 100])
    found, times = spread(engine, HOUR), sorted(times)
    assert (found.number, found.failed) == (2000, 0)
    for told, share in ((found.p50, 0.5), (found.p95, 0.95), (found.p99, 0.99)):
        assert told == pytest.approx(times[math.ceil(share * len(times)) - 1], rel=0.031)


def test_minutes_tell_of_a_short_time_and_hours_of_a_long_one(engine: Engine) -> None:
    put(engine, NOW - 3 * HOUR, 1.0)
    put(engine, NOW, 8.0)
    assert spread(engine, HOUR).number == 1
    assert spread(engine, 24 * HOUR).number == 2
    with reading(engine) as connection:
        course = latency.course(connection, IN, NOW - 24 * HOUR, NOW)["erp", ""]
    assert [each.number for each in course.points.values()] == [1, 1]
    with reading(engine) as connection:
        tens = latency.course(connection, IN, NOW - HOUR, NOW, step=600)["erp", ""]
    assert [(f"{at:%H:%M}", spread.number) for at, spread in tens.points.items()] == [("06:00", 1)]


def test_what_never_ended_is_no_latency_but_is_counted(engine: Engine) -> None:
    put(engine, NOW, 1.0, None)
    assert (spread(engine, HOUR).number, spread(engine, HOUR).failed) == (1, 1)
    with reading(engine) as connection:
        assert latency.counts(connection, IN, NEVER - 1, NOW - HOUR, NOW) == (1, 2)
        assert latency.counts(connection, IN, latency.bucket_of(0.5), NOW - HOUR, NOW) == (0, 2)
        assert latency.beyond(connection, IN, latency.bucket_of(0.5), NOW - HOUR, NOW) == {("erp", ""): 2}


def test_a_plant_hears_of_itself_and_of_what_concerns_all(engine: Engine) -> None:
    put(engine, NOW, 1.0, plant="LYON")
    put(engine, NOW, 1.0, plant="GRAZ")
    put(engine, NOW, 1.0, plant="*")
    assert spread(engine, HOUR, "LYON").number == 2
    assert spread(engine, HOUR).number == 3


def test_what_is_old_is_forgotten_minutes_before_hours(engine: Engine) -> None:
    put(engine, NOW - 10 * HOUR, 1.0)
    put(engine, NOW - 100 * 24 * HOUR, 1.0)
    with writing(engine) as connection:
        latency.tidy(connection, NOW)
    with reading(engine) as connection:
        rows = connection.execute(latency.latency.select()).all()
    assert [(row.span, row[-1]) for row in rows] == [(latency.HOUR, 1)]


def test_targets_are_told_over_all_routes(engine: Engine) -> None:
    with writing(engine) as connection:
        told = [Took(DELIVERY, route, "aps", "LYON", 1.0) for route in ("a", "b")]
        latency.add(connection, NOW, told)
    with reading(engine) as connection:
        assert latency.by_system(connection, (DELIVERY,), NOW - HOUR, NOW)[DELIVERY, "aps"].number == 2
