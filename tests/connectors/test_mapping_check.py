"""A mapping file that cannot work is told with the place and the cure, before anything runs."""

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from controltower.connectors.generic_rest.check import validate
from tests.connectors.recorded import ROOT

DEMO = sorted((ROOT / "config" / "demo" / "mappings").glob("*.toml"))
ERP = tomllib.loads((ROOT / "config/demo/mappings/erp.toml").read_text(encoding="utf-8"))


def test_the_demos_mappings_are_in_order() -> None:
    assert [path.stem for path in DEMO] == ["erp", "procurement", "wms_north", "wms_south"]
    assert {path.stem: validate(tomllib.loads(path.read_text(encoding="utf-8"))) for path in DEMO} == {
        path.stem: [] for path in DEMO
    }


def _set(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(mapping: dict[str, Any]) -> None:
        for step in path[:-1]:
            mapping = mapping[step]
        mapping[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "place", "cure"),
    [
        (_set("record", to={}), "record:", "must be one of records, resources, hook"),
        (_set("records", "order", "kind", to="machine"), "records.order.kind", "operation"),
        (_set("records", "order", "key", to="join("), "records.order.key", "no JMESPath"),
        (_set("records", "order", "atributes", to={}), "records.order", "atributes"),
        (_set("records", "order", "type", to="order.exploded"), "records.order.type", "vocabulary"),
        (
            _set("records", "order", "occurred_at", to={"from": "C", "format": "x"}),
            "records.order.occurred_at",
            "iso",
        ),
        (_set("records", "order", "attributes", "due_date", "zone", to="Paris"), "due_date", "Europe/Paris"),
        (_set("records", "order", "attributes", "colour", to={"from": "C"}), "attributes.colour", "due_date"),
        (
            _set("records", "order", "attributes", "quantity", to={"from": "Q"}),
            "attributes.quantity",
            "unit_from",
        ),
        (_set("records", "order", "attributes", "value", to={"from": "V"}), "attributes.value", "currency"),
        (
            _set("records", "order", "attributes", "status", "map", to={"REL": "freed"}),
            "attributes.status.map",
            "released",
        ),
        (_set("resources", "orders", "record", to="ordr"), "resources.orders.record", "order"),
        (_set("resources", "orders", "records", to="rows[*]"), "resources.orders.records", "plain path"),
        (_set("resources", "orders", "path", to="api"), "resources.orders.path", "/"),
        (_set("resources", "orders", "complete", to=True), "resources.orders.complete", "watermark"),
        (_set("resources", "orders", "paging", to={"style": "page"}), "paging.parameter", "query parameter"),
        (
            _set("resources", "orders", "paging", to={"style": "rows"}),
            "resources.orders.paging.style",
            "rows",
        ),
        (_set("resources", "orders", "watermark", "format", to="x"), "watermark.format", "strftime"),
        (_set("hook", "record", to="rows[0]"), "hook.record", "plain path"),
        (_set("hook", "events", "order.changed", "type", to="stock.moved"), "hook.events", "does not belong"),
        (_set("hook", "events", to={}), "hook.events", "at least one"),
        (_set("hook", to=7), "hook", "object"),
        (_set("records", to=7), "records", "table"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_cure(
    change: Callable[[dict[str, Any]], None], place: str, cure: str
) -> None:
    mapping = copy.deepcopy(ERP)
    change(mapping)
    problems = validate(mapping)
    assert any(place in problem and cure in problem for problem in problems), problems


def test_a_mapping_must_be_there_and_map_something() -> None:
    assert validate(None)
    assert validate({})
