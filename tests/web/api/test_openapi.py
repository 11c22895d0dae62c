"""The OpenAPI document: valid, complete, and true."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from werkzeug.routing import Rule

from controltower.web.api import openapi
from controltower.web.api.call import CALLS
from tests.factories import Plantlet
from tests.web.asking import BASE, OUTGOING, Caller, must_keep_to, tell_story

DOCUMENTED = ("/api/", "/hooks/")


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get(f"{BASE}/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json  # type: ignore[no-any-return]


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    schemathesis.openapi.from_dict(document).validate()
    assert document["openapi"].startswith("3.1")


def routes(app: Flask) -> list[tuple[str, str]]:
    rules: list[Rule] = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(DOCUMENTED)]
    return [
        (openapi.path_of(rule.rule, ""), method.lower())
        for rule in rules
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def test_every_route_is_documented(app: Flask, document: dict[str, Any]) -> None:
    found = routes(app)
    assert len(found) > 15
    assert [route for route in found if route[1] not in document["paths"].get(route[0], {})] == []
    assert {"post", "options"} <= set(document["paths"]["/hooks/{system}"])


def test_every_call_says_what_it_is_for() -> None:
    silent = [call.name for call in CALLS if not call.summary]
    unanswered = [call.name for call in CALLS if call.answer is None]
    assert silent + unanswered == []
    assert len({call.name for call in CALLS}) == len(CALLS)


def test_no_reference_points_nowhere(document: dict[str, Any]) -> None:
    pointed = set(references(document))
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert pointed - known == set()
    assert len(pointed) > 20


def references(held: Any) -> list[str]:
    if isinstance(held, dict):
        mine = [held["$ref"]] if isinstance(held.get("$ref"), str) else []
        return mine + [each for value in held.values() for each in references(value)]
    return [each for value in held for each in references(value)] if isinstance(held, list) else []


# Answers only about systems that are probed; nobody probes one here.
OF_PROBES = ("/systems/{system}/connection",)


def test_answers_keep_to_the_document(caller: Caller, plantlet: Plantlet, document: dict[str, Any]) -> None:
    tell_story(plantlet)
    first = caller.items("/messages")[0]
    message, trace = first["id"], first["trace"]
    case = caller.items("/exceptions")[0]["id"]
    asked = {
        "/systems": "/systems",
        "/systems/{system}": "/systems/erp",
        "/systems/{system}/comparisons": "/systems/erp/comparisons",
        "/systems/{system}/outages": "/systems/erp/outages",
        "/latency": "/latency",
        "/slos": "/slos",
        "/backlog": "/backlog",
        "/errors": "/errors",
        "/messages": "/messages",
        "/messages/{id}": f"/messages/{message}",
        "/orders": "/orders",
        "/orders/{plant}/{order}": "/orders/LYON/MO-1",
        "/orders/{plant}/{order}/timeline": "/orders/LYON/MO-1/timeline",
        "/flows": "/flows",
        "/flows/{name}": "/flows/order-to-schedule",
        "/flows/{name}/{plant}/{key}": "/flows/order-to-schedule/LYON/MO-1",
        "/drift": "/drift",
        "/expectations": "/expectations",
        "/exceptions": "/exceptions",
        "/exceptions/{id}": f"/exceptions/{case}",
        "/notifications": "/notifications",
        "/channels": "/channels",
        "/events": "/events",
        "/traces/{id}": f"/traces/{trace}",
    }
    for path, address in asked.items():
        must_keep_to(document, path, caller.get(address).json)
    assert {BASE + path for path in {*asked, *OUTGOING, *OF_PROBES}} == {
        path
        for path, methods in document["paths"].items()
        if "get" in methods and not path.endswith("openapi.json")
    }
