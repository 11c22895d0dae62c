"""Edits of a message: only what the route carries, in canonical form, and nothing that is locked."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controltower.domain.edit import Change, canonical, changes, edited, locked
from controltower.domain.route import Route
from controltower.domain.value import Value
from tests.domain.test_rehearsal import sent

PARIS = ZoneInfo("Europe/Paris")
ROUTE = Route(
    "plans", "Plans", "aps", "mes", "order", (), ("status", "item", "quantity", "due_date", "priority"),
    fixed={"bom_version": "1"}, locked=("item",),
)  # fmt: skip
MINE = sent(status="released", item="A", priority="1", bom_version="1")


def test_what_is_not_named_stays() -> None:
    made, faults = edited(MINE, ROUTE, {"priority": Value("2")}, PARIS)
    assert (made, faults) == ({**MINE.attributes, "priority": Value("2")}, [])
    assert changes(MINE.attributes, made) == [Change("priority", Value("1"), Value("2"))]


def test_what_the_route_carries_may_be_added() -> None:
    made, faults = edited(MINE, ROUTE, {"quantity": Value("5.50", "EA")}, PARIS)
    assert (made["quantity"], faults) == (Value("5.5", "EA"), [])
    assert changes(MINE.attributes, made) == [Change("quantity", None, Value("5.5", "EA"))]


def test_locked_ones_stay_as_they_are() -> None:
    assert locked(MINE, ROUTE) == {"status", "item", "bom_version"}
    assert locked(MINE, None) == {"status"}
    wanted = {
        "status": Value("closed"),
        "item": Value("B"),
        "bom_version": Value("2"),
        "customer": Value("X"),
    }
    made, faults = edited(MINE, ROUTE, wanted, PARIS)
    assert made == MINE.attributes
    assert [pointer for pointer, _ in faults] == [f"/attributes/{name}" for name in wanted]
    unchanged = {name: MINE.attributes[name] for name in ("status", "item")}
    assert edited(MINE, ROUTE, unchanged, PARIS) == (dict(MINE.attributes), [])


@pytest.mark.parametrize(
    ("name", "text", "unit", "canonical_text"),
    [
        ("due_date", "2026-07-01 10:00", "", "2026-07-01T08:00:00Z"),
        ("due_date", "2026-07-01T10:00:00+00:00", "", "2026-07-01T10:00:00Z"),
        ("quantity", " 012.50 ", " KG ", "12.5"),
        ("priority", " 07 ", "", "7"),
        ("priority", "-3", "", "-3"),
        ("routing_confirmed", "true", "", "true"),
        ("item", " A ", "", "A"),
    ],
)
def test_values_are_read_by_their_kind(name: str, text: str, unit: str, canonical_text: str) -> None:
    assert canonical("order", name, Value(text, unit), PARIS) == Value(canonical_text, unit.strip())


@pytest.mark.parametrize(
    ("name", "text"),
    [("due_date", "soon"), ("quantity", "5"), ("priority", "1e3"), ("priority", "٣"), ("item", " "),
     ("routing_confirmed", "yes"), ("due_date", "")],
)  # fmt: skip
def test_what_breaks_the_contract_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical("order", name, Value(text), PARIS)


names = st.sampled_from(
    ["status", "item", "quantity", "due_date", "priority", "bom_version", "colour", "a/b~c"]
)
values = st.builds(Value, st.text(max_size=12), st.sampled_from(["", "EA"]))


@given(st.dictionaries(names, values, max_size=4))
def test_whatever_is_typed_either_fits_or_is_told_by_its_place(wanted: dict[str, Value]) -> None:
    made, faults = edited(MINE, ROUTE, wanted, PARIS)
    changed = {change.attribute for change in changes(MINE.attributes, made)}
    assert changed <= set(wanted) & set(ROUTE.take) - {"status", "item"}
    assert all(made[name] == MINE.attributes.get(name, made[name]) for name in made if name not in wanted)
    told = {
        pointer.removeprefix("/attributes/").replace("~1", "/").replace("~0", "~") for pointer, _ in faults
    }
    assert told <= set(wanted)
    assert not told & changed
