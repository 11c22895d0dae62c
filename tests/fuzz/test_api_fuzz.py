"""Requests made up from the tower's own OpenAPI document: none is answered by a fault, each as the document says."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from controltower.web.api import openapi
from tests.factories import Plantlet
from tests.web.asking import BASE, make_key

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


ROUTES = [(path, method) for path, methods in openapi.document()["paths"].items() for method in methods]
BRIEF = settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def schema(opened: tuple[Flask, Plantlet]) -> Any:
    return schemathesis.openapi.from_wsgi(f"{BASE}/openapi.json", opened[0])


@pytest.fixture(scope="module")
def key(opened: tuple[Flask, Plantlet]) -> str:
    return make_key(opened[1], "admin")


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_no_made_up_request_is_answered_by_a_fault(schema: Any, key: str, path: str, method: str) -> None:
    operation = schema[path][method]
    asked: list[int] = []

    @BRIEF
    @given(
        case=st.one_of(
            operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        )
    )
    def check(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {key}"})
        case.validate_response(answer, checks=CHECKS)
        asked.append(answer.status_code)

    check()
    assert asked
    assert max(asked) < 500
