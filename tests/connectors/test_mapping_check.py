"""A mapping file that cannot work is told with the place and the cure, before anything runs."""

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from controltower.connectors.generic_rest.check import validate
from tests.connectors.recorded import ROOT
from tests.connectors.targets.generic_rest import MAPPING

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


SEND: dict[str, Any] = tomllib.loads(MAPPING)


@pytest.mark.parametrize(
    ("change", "place", "cure"),
    [
        (_set("send", to=7), "send:", "[send.order]"),
        (_set("send", "machine", to={"path": "/x"}), "send.machine", "operation"),
        (_set("send", "order", "pth", to="/x"), "send.order", "pth"),
        (_set("send", "order", "method", to="GET"), "send.order.method", "GET"),
        (_set("send", "order", "path", to="api"), "send.order.path", "begin with /"),
        (_set("send", "order", "path", to="/api/{key"), "send.order.path", "brace"),
        (_set("send", "order", "path", to="/api/{number}"), "send.order.path", "key"),
        (_set("send", "order", "path", to="/api/{}"), "send.order.path", "JMESPath"),
        (_set("send", "order", "when", to="status =="), "send.order.when", "JMESPath"),
        (_set("send", "order", "when", to="values.werk == '1'"), "send.order.when", "none of"),
        (_set("send", "order", "values", to={}), "send.order.body.Werk", "none of"),
        (_set("send", "order", "values", "werk", to={"map": {}}), "send.order.values.werk", "from"),
        (_set("send", "order", "body", "Qty", to="attributes.qty.value"), "body.Qty", "quantity"),
        (_set("send", "order", "body", "Qty", to="attributes.quantity"), "body.Qty", "quantity.value"),
        (_set("send", "order", "body", "Qty", to="quantity"), "body.Qty", "attributes"),
        (
            _set("send", "order", "body", "Nest", to={"Deep": ["key", "join("]}),
            "body.Nest.Deep.1",
            "JMESPath",
        ),
        (_set("send", "order", "body", "Qty", to={"from": "key", "as": "float"}), "body.Qty", "float"),
        (
            _set("send", "order", "body", "Day", to={"from": "occurred_at", "format": "day"}),
            "Day.format",
            "iso",
        ),
        (
            _set("send", "order", "body", "Day", to={"from": "occurred_at", "zone": "Paris"}),
            "Day.zone",
            "Europe",
        ),
        (
            _set("send", "order", "body", "Sts", "map", to={"freed": "REL"}),
            "send.order.body.Sts.map",
            "released",
        ),
        (_set("send", "order", "headers", to={"X Y": "key"}), "headers.X Y", "Idempotency-Key"),
        (_set("send", "order", "headers", to={"Authorization": "key"}), "headers.Authorization", "settings"),
        (_set("send", "order", "headers", to={"X-Y": "tower"}), "headers.X-Y", "none of"),
        (_set("send", "order", "idempotency", to="Key:"), "send.order.idempotency", "name of a header"),
        (_set("send", "order", "duplicate", "status", to=200), "duplicate.status", "409"),
        (_set("send", "order", "duplicate", "when", to="("), "duplicate.when", "JMESPath"),
        (_set("send", "order", "refused", "words", to="("), "refused.words", "JMESPath"),
        (_set("send", "order", "read_back", "path", to="x"), "read_back.path", "begin with /"),
        (_set("send", "order", "read_back", "there", to="Qty == body.Qty"), "read_back.there", "answer"),
        (_set("send", "order", "read_back", "there", to=""), "read_back.there", "JMESPath"),
        (_set("send", "order", to=[{"path": "/a"}, {"path": "/b"}]), "send.order.0.when", "add one"),
        (_set("send", "order", to=[{"path": "/a", "when": "key"}, {}]), "send.order.1", "path"),
        (_set("send", "order", to=[7]), "send.order.0", "object"),
    ],
)
def test_a_mistake_in_what_is_sent_is_told_with_its_place_and_cure(
    change: Callable[[dict[str, Any]], None], place: str, cure: str
) -> None:
    mapping = copy.deepcopy(SEND)
    assert validate(mapping) == []
    change(mapping)
    problems = validate(mapping)
    assert any(place in problem and cure in problem for problem in problems), problems


def test_a_key_goes_bare_only_where_it_goes() -> None:
    mapping = {"send": {"order": {"path": "/x", "bare_key": True}}}
    assert any("bare_key" in problem and "idempotency" in problem for problem in validate(mapping))


def test_a_mapping_must_be_there_and_map_something() -> None:
    assert validate(None)
    assert validate({})
