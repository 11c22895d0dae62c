"""What a mapping has written: path, body and key, and how the target's answers are read."""

import copy
import json
import re
import tomllib
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from controltower.connectors.contract import (
    ABSENT,
    FAILED,
    TAKEN,
    THERE,
    UNCLEAR,
    UNSURE,
    Outcome,
    Outgoing,
)
from controltower.connectors.generic_rest.check import validate
from controltower.connectors.generic_rest.connector import GenericRestConnector, connect
from controltower.domain import failure
from controltower.domain.landscape import System
from controltower.domain.subject import Subject
from controltower.domain.value import Value
from tests.connectors.recorded import ROOT
from tests.connectors.served import Asked, Reply, serve
from tests.connectors.targets.generic_rest import MAPPING
from tests.connectors.targets.order import ORDER

ERP: dict[str, Any] = tomllib.loads(MAPPING)


def _connected(url: str, mapping: dict[str, Any]) -> GenericRestConnector:
    settings = {"url": url, "mapping": mapping}
    return connect(System("erp", "ERP", "erp", ("LYON",), "generic_rest", ZoneInfo("UTC"), settings=settings))


def _case(**fields: Any) -> dict[str, Any]:
    """The ERP's mapping with these fields of [send.order] changed."""
    mapping = copy.deepcopy(ERP)
    mapping["send"]["order"].update(fields)
    return mapping


def _sent(
    mapping: dict[str, Any], outgoing: Outgoing = ORDER, reply: Reply | None = None
) -> tuple[Outcome, list[Asked]]:
    with serve(lambda _: reply or Reply({})) as served:
        return _connected(served.url, mapping).send(outgoing), served.asked


def _changed(**values: Value) -> Outgoing:
    return ORDER._replace(attributes={**ORDER.attributes, **values})


def test_a_request_is_written_in_the_targets_words() -> None:
    outcome, (asked,) = _sent(ERP)
    assert outcome.kind == TAKEN
    assert (asked.method, asked.path) == ("PUT", "/api/orders/MO-1001")
    assert json.loads(asked.body) == {
        "Werk": "1710",
        "Matnr": "PUMP-7",
        "OrderQty": 120.5,
        "Uom": "EA",
        "DueDate": "2026-03-09",
        "Sts": "REL",
        "Ready": True,
        "Positions": [{"No": 10, "Prio": 5}],
    }
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-origin"] == "erp-hq"
    assert asked.headers["traceparent"] == ORDER.traceparent
    assert asked.headers["idempotency-key"] == f'"{ORDER.key}"'


def test_a_decimal_is_exact_however_long() -> None:
    _, (asked,) = _sent(ERP, _changed(quantity=Value("12345678901234567.000000001", "EA")))
    assert b'"OrderQty":12345678901234567.000000001' in asked.body


def test_a_key_may_go_bare() -> None:
    _, (asked,) = _sent(_case(bare_key=True))
    assert asked.headers["idempotency-key"] == ORDER.key


@pytest.mark.parametrize(
    ("outgoing", "word"),
    [
        (_changed(status=Value("held")), "held"),
        (_changed(quantity=Value("many", "EA")), "many"),
        (_changed(due_date=Value("soon")), "soon"),
        (_changed(priority=Value("2.5")), "2.5"),
        (_changed(material_available=Value("perhaps")), "perhaps"),
        (ORDER._replace(subject=Subject("GRAZ", "order/MO-1")), "GRAZ"),
        (ORDER._replace(subject=Subject("LYON", "order/..")), "climb"),
        (ORDER._replace(subject=Subject("LYON", "stock/PUMP-7")), "send.stock"),
    ],
)
def test_what_cannot_be_said_is_not_sent(outgoing: Outgoing, word: str) -> None:
    outcome, asked = _sent(ERP, outgoing)
    assert (outcome.kind, outcome.error, asked) == (FAILED, failure.UNSENDABLE, [])
    assert word in outcome.words


def test_what_is_required_and_missing_is_told() -> None:
    mapping = _case(body={"Qty": {"from": "attributes.quantity.value", "required": True}})
    outcome, asked = _sent(mapping, ORDER._replace(attributes={}))
    assert (outcome.error, asked) == (failure.UNSENDABLE, [])
    assert "attributes.quantity.value" in outcome.words


def test_a_path_holds_any_expression_and_every_value_encoded() -> None:
    path = "/api/{split('/', key)[0]}/ops/{split('/', key)[1]}?item={refs.item}"
    outgoing = ORDER._replace(subject=Subject("LYON", "operation/MO 1/10"), refs={"item": "A&B=ü?"})
    outcome, (asked,) = _sent({"send": {"operation": {"path": path}}}, outgoing)
    assert b"/api/MO%201/ops/10?" in outcome.request
    assert asked.query == {"item": "A&B=ü?"}
    outcome, asked_for = _sent({"send": {"operation": {"path": path}}}, outgoing._replace(refs={}))
    assert (outcome.error, asked_for) == (failure.UNSENDABLE, [])


def test_a_body_may_be_one_expression_and_may_be_left_out() -> None:
    _, (asked,) = _sent(_case(body="{no: key, qty: attributes.quantity.value, none: refs.nothing}"))
    assert json.loads(asked.body) == {"no": "MO-1001", "qty": "120.5", "none": None}
    mapping = _case(method="POST")
    del mapping["send"]["order"]["body"]
    _, (asked,) = _sent(mapping)
    assert (asked.body, asked.headers["content-length"]) == (b"", "0")
    assert "content-type" not in asked.headers


def test_the_first_case_that_fits_is_used() -> None:
    cases = [
        {"when": "type == 'order.cancelled'", "method": "DELETE", "path": "/api/orders/{key}"},
        {"when": "attributes.status.value == 'closed'", "method": "POST", "path": "/api/orders/{key}/close"},
        {"when": "plant == 'LYON'", "path": "/api/lyon"},
    ]
    mapping = {"send": {"order": cases}}
    wanted = [
        (ORDER._replace(type="order.cancelled"), "DELETE /api/orders/MO-1001"),
        (_changed(status=Value("closed")), "POST /api/orders/MO-1001/close"),
        (ORDER, "POST /api/lyon"),
    ]
    for outgoing, expected in wanted:
        _, (asked,) = _sent(mapping, outgoing)
        assert f"{asked.method} {asked.path}" == expected
    outcome, asked_for = _sent(mapping, ORDER._replace(subject=Subject("GRAZ", "order/MO-1")))
    assert (outcome.error, asked_for) == (failure.UNSENDABLE, [])


def test_a_key_that_the_target_had_already_counts_as_taken() -> None:
    outcome, _ = _sent(ERP, reply=Reply({"code": "DUPLICATE_KEY"}, 409))
    assert (outcome.kind, outcome.error, outcome.status) == (TAKEN, "", 409)
    for other in (Reply({"code": "LOCKED"}, 409), Reply(body=b"<html>", status=409), Reply([], 409)):
        outcome, _ = _sent(ERP, reply=other)
        assert (outcome.kind, outcome.error) == (FAILED, failure.CONFLICT)
    outcome, _ = _sent(_case(duplicate={"status": 409}), reply=Reply(body=b"<html>", status=409))
    assert outcome.kind == TAKEN


def test_a_key_that_the_target_is_still_at_is_asked_for_again() -> None:
    mapping = _case(busy={"status": 409, "when": "code == 'IN_PROGRESS'"})
    outcome, _ = _sent(mapping, reply=Reply({"code": "IN_PROGRESS"}, 409, {"Retry-After": "3"}))
    assert (outcome.kind, outcome.error, outcome.retry_after) == (FAILED, failure.BUSY, 3)
    outcome, _ = _sent(mapping, reply=Reply({"code": "LOCKED"}, 409))
    assert outcome.error == failure.CONFLICT


def test_a_refusal_behind_a_good_status_is_heard() -> None:
    outcome, _ = _sent(ERP, reply=Reply({"ok": False, "error": "order is locked"}))
    assert (outcome.kind, outcome.error, outcome.words) == (FAILED, failure.PARTIAL, "order is locked")
    outcome, _ = _sent(ERP, reply=Reply({"ok": True}))
    assert outcome.kind == TAKEN
    outcome, _ = _sent(ERP, reply=Reply(body=b"<html>welcome</html>"))
    assert (outcome.kind, outcome.error) == (UNSURE, failure.TIMEOUT)


@pytest.mark.parametrize(
    ("terms", "reply", "expected"),
    [
        ({"there": "answer.q == body.OrderQty"}, Reply({"q": 120.5}), THERE),
        ({"there": "answer.q == sent.attributes.quantity.value"}, Reply({"q": "120.5"}), THERE),
        ({"there": "answer[?k == 'd-4711-MO1001']"}, Reply([{"k": "d-4711-MO1001"}]), THERE),
        ({"there": "answer[?k == 'd-4711-MO1001']"}, Reply([{"k": "other"}]), ABSENT),
        ({"there": "answer.q"}, Reply({}, 404), ABSENT),
        ({"there": "answer.q"}, Reply(body=b"<html>"), UNCLEAR),
        ({"there": "contains(answer.q, 'x')"}, Reply({"q": 5}), UNCLEAR),
        ({"there": "answer.q", "absent": "answer.n == `0`"}, Reply({"n": 0}), ABSENT),
        ({"there": "answer.q", "absent": "answer.n == `0`"}, Reply({"n": None}), UNCLEAR),
    ],
)
def test_what_is_read_back_is_told_and_in_doubt_nothing(
    terms: dict[str, str], reply: Reply, expected: str
) -> None:
    mapping = _case(read_back={"path": "/api/orders/{key}", **terms})
    with serve(lambda _: reply) as served:
        assert _connected(served.url, mapping).read_back(ORDER).kind == expected
        assert [asked.method for asked in served.asked] == ["GET"]


def test_what_was_deleted_and_is_gone_was_done() -> None:
    mapping = _case(method="DELETE", read_back={"path": "/api/orders/{key}", "there": "answer.gone"})
    with serve(lambda _: Reply({}, 404)) as served:
        assert _connected(served.url, mapping).read_back(ORDER).kind == THERE


def test_a_target_is_idempotent_only_where_every_case_carries_a_key() -> None:
    bare = {"path": "/x"}
    keyed = {"when": "key", "path": "/x", "idempotency": "Idempotency-Key"}
    assert _connected("http://erp.invalid", ERP).idempotent
    assert not _connected("http://erp.invalid", {"send": {"order": [keyed, bare]}}).idempotent
    assert not _connected("http://erp.invalid", {"send": {"order": bare}}).idempotent


def test_a_system_whose_mapping_says_nothing_of_sending_is_only_heard() -> None:
    mapping = tomllib.loads((ROOT / "config/demo/mappings/wms_south.toml").read_text(encoding="utf-8"))
    mapping.pop("send", None)
    connector = _connected("http://wms.invalid", mapping)
    assert not connector.can_take("order")
    assert not connector.idempotent
    assert connector.send(ORDER).error == failure.UNSENDABLE
    assert connector.read_back(ORDER).kind == UNCLEAR


# -- the example of the documentation


def _documented() -> tuple[dict[str, Any], str, str]:
    """The mapping in docs/connectors.md, and the request that it says is sent: path and body."""
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    mapping = re.search(r"```toml\n(\[\[send\.order\]\].*?)```", text, re.DOTALL)
    said = re.search(r"put to `([^`]+)` as\n`(\{.*?\})`", text)
    assert mapping
    assert said
    return tomllib.loads(mapping[1]), said[1], said[2]


def test_the_documented_mapping_writes_what_is_documented() -> None:
    mapping, path, body = _documented()
    assert validate(mapping) == []
    outgoing = _changed(quantity=Value("120", "EA"), planned_start=Value("2026-03-02T08:00:00Z"))
    _, (asked,) = _sent(mapping, outgoing)
    assert (asked.method, asked.path, asked.body.decode()) == ("PUT", path, body)
    _, (asked,) = _sent(mapping, _changed(status=Value("cancelled")))
    assert (asked.method, asked.path) == ("DELETE", path)


def test_the_mapping_in_the_readme_is_in_order() -> None:
    text = (ROOT / "controltower/connectors/generic_rest/README.md").read_text(encoding="utf-8")
    for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL):
        assert validate(tomllib.loads(block)) == []
