"""Tryton's JSON dialect, and what a date without a time of day means in a plant."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.tryton.dialect import decode, encode_moment
from controltower.connectors.tryton.places import Places
from controltower.connectors.tryton.row import Row
from controltower.connectors.tryton.values import day
from controltower.domain.landscape import System


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"__class__": "Decimal", "decimal": "1045.9500"}, Decimal("1045.9500")),
        ({"__class__": "date", "year": 2026, "month": 11, "day": 26}, dt.date(2026, 11, 26)),
        ({"__class__": "timedelta", "seconds": 90.0}, dt.timedelta(seconds=90)),
        ({"__class__": "strange", "x": 1}, {"__class__": "strange", "x": 1}),
        ({"flow": 117.5}, {"flow": 117.5}),
        (5.0, 5.0),
        (None, None),
    ],
)
def test_values_are_what_they_stand_for(given: Any, meant: Any) -> None:
    assert decode(given) == meant


def test_a_moment_survives_the_way_there_and_back() -> None:
    moment = dt.datetime(2026, 3, 29, 3, 0, 0, 844374, tzinfo=ZoneInfo("Europe/Paris"))
    assert decode(encode_moment(moment)) == moment
    assert encode_moment(moment)["hour"] == 1


@pytest.mark.parametrize(
    "damaged",
    [
        {"__class__": "date", "year": 2026, "month": 13, "day": 1},
        {"__class__": "date", "year": 2026},
        {"__class__": "datetime", "year": 2026, "month": 1, "day": 1, "hour": "9"},
        {"__class__": "Decimal", "decimal": "1,5"},
        {"__class__": "timedelta", "seconds": "long"},
    ],
)
def test_damaged_values_are_told(damaged: Any) -> None:
    with pytest.raises(ValueError, match="damaged"):
        decode(damaged)


@pytest.mark.parametrize(
    ("date", "start", "end"),
    [
        ((2026, 3, 29), "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"),  # the clocks go forward: 23 hours
        ((2026, 10, 25), "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"),  # and back: 25 hours
    ],
)
def test_a_date_is_a_whole_day_in_the_plant(date: tuple[int, int, int], start: str, end: str) -> None:
    held = {"__class__": "date", **dict(zip(("year", "month", "day"), date, strict=True))}
    row, zone = Row({"planned_date": held}, "", 0, []), ZoneInfo("Europe/Paris")
    first, last = day(row, "planned_date", zone), day(row, "planned_date", zone, end=True)
    assert first is not None
    assert last is not None
    assert (first.text, last.text) == (start, end)
    assert first.native == dt.date(*date).isoformat()


def _system(**settings: Any) -> System:
    zone = ZoneInfo("Europe/Paris")
    return System("erp", "ERP", "erp", ("LYON", "PORTO"), "tryton", zone, settings=settings)


@pytest.mark.parametrize("warehouses", ["WH1=LYON, WH2=PORTO", {"WH1": "LYON", "WH2": "PORTO"}])
def test_warehouses_may_be_named_after_their_plant_or_mapped(warehouses: Any) -> None:
    places = Places(_system(warehouses=warehouses, zones={"PORTO": "Europe/Lisbon"}))
    assert [places.plant(code) for code in ("WH1", "PORTO", "GRAZ", "")] == ["LYON", "PORTO", None, None]
    assert (places.zone("PORTO").key, places.zone("LYON").key) == ("Europe/Lisbon", "Europe/Paris")


@pytest.mark.parametrize("settings", [{"warehouses": "WH1"}, {"zones": "LYON=Nowhere"}])
def test_a_wrong_setting_is_named(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"warehouses|Nowhere"):
        Places(_system(**settings))
