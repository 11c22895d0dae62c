"""Orders that the ERP does not know, stock booked from the wrong place, fields that vanish, shifts that run on."""

import pytest

from controltower.domain.event import Position
from controltower.domain.habit import Habit, heard, vanished
from controltower.domain.spelling import others
from controltower.domain.subject import parse_subject
from controltower.rules.checks.negative_stock import CHECK as STOCK
from controltower.rules.checks.unknown_order import CHECK as UNKNOWN
from tests.rules.values import belief, found, view

STRANGER, KNOWN = "LYON/order/mo-00001", "LYON/order/MO-1"


def test_an_order_of_which_the_erp_has_never_spoken() -> None:
    [one] = found(UNKNOWN, view(STRANGER, {STRANGER: [belief("status", "mes", "running")]}))
    assert (one.system, one.key, one.code) == ("mes", "", "unknown-order")


def test_an_order_that_the_erp_knows_and_one_of_which_nobody_speaks() -> None:
    beliefs = [belief("status", "mes", "running"), belief("status", "erp", "released")]
    assert found(UNKNOWN, view(KNOWN, {KNOWN: beliefs})) == []
    assert found(UNKNOWN, view(KNOWN, {})) == []


@pytest.mark.parametrize("code", ["twin-key", "wrong-plant", "truncated"])
def test_a_stranger_that_means_a_known_order_until_that_is_spoken_of(code: str) -> None:
    made = view(STRANGER, {STRANGER: [belief("status", "mes", "running", minute=3)]})
    known = parse_subject(KNOWN)
    made.alike = {known: code}
    made.heard = {(made.root, "mes"): Position(4, 0)}
    [one] = found(UNKNOWN, made)
    assert (one.code, one.key) == (code, KNOWN)
    made.heard[known, "mes"] = Position(5, 0)
    assert found(UNKNOWN, made) == []


@pytest.mark.parametrize("written", ["MO-0001003", "mo-1003", "MO-1003 ", "mo-000000001003"])
def test_other_spellings_lead_to_the_number_that_is_known(written: str) -> None:
    assert "MO-1003" in others(written)
    assert written not in others(written)


def test_a_number_is_not_another_number() -> None:
    assert not {"MO-100", "MO-10030", "MO-1004"} & set(others("MO-1003"))


LINE, STORE = "LYON/stock/CAST-10/LINE-2", "LYON/stock/CAST-10/WH1"


def test_less_than_nothing_here_and_plenty_there() -> None:
    held = {LINE: [belief("on_hand", "wms", "-60", "EA")], STORE: [belief("on_hand", "wms", "900", "EA")]}
    [one] = found(STOCK, view(LINE, held))
    assert one.code == "wrong-location"
    assert "900 lie at WH1" in one.why


def test_less_than_nothing_and_nowhere_more() -> None:
    held = {LINE: [belief("on_hand", "wms", "-60", "EA")], STORE: [belief("on_hand", "wms", "20", "EA")]}
    [one] = found(STOCK, view(LINE, held))
    assert one.code == ""
    assert found(STOCK, view(STORE, {STORE: held[STORE]})) == []


def told(*events: set[str]) -> Habit:
    habit = Habit("floor", "resource.reported")
    for number, attributes in enumerate(events):
        habit = heard(habit, attributes, number)
    return habit


def test_an_attribute_that_was_always_there_and_is_missing_again_and_again() -> None:
    habit = told(*[{"state", "count"}] * 40, *[{"state"}] * 6)
    assert list(vanished(habit, 40, 6)) == ["count"]


@pytest.mark.parametrize(
    "events",
    [
        [{"state", "count"}] * 40 + [{"state"}] * 5,
        [{"state", "count"}] * 39 + [{"state"}] * 6,
        [{"state", "count"}, {"state"}] * 40 + [{"state"}] * 6,
        [{"state", "count"}] * 40 + [{"state"}] * 6 + [{"state", "count"}],
    ],
)
def test_an_attribute_that_comes_and_goes_or_is_back(events: list[set[str]]) -> None:
    assert list(vanished(told(*events), 40, 6)) == []
