"""The OpenAPI 3.1 document, written from the declared calls and their structures."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec
from flask import Blueprint, Response

from controltower.web.api.call import CALLS, JSON, Call
from controltower.web.hooks import Accepted
from controltower.web.problems import MEDIA_TYPE as PROBLEM_JSON
from controltower.web.problems import Problem

PREFIX = "/api/v1"
bp = Blueprint("openapi", __name__)
_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_REFERENCE = "#/components/schemas/{name}"
PARTS = {
    "system": "a system's id",
    "id": "the id that the tower gave",
    "plant": "a plant's id",
    "order": "the order's number",
    "name": "the short name under which it is declared",
    "key": "the subject's key: an order's number, or `PO-77/1`",
    "step": "the short name of a step",
    "group": "the fingerprint of a failure group",
    "run": "the id of a resubmission of many",
    "channel": "the name under which a channel is declared",
}
ALWAYS = (400, 401)
REFUSALS = {
    400: "the request is not understood; `errors` name the places",
    401: "no usable key or signature",
    403: "the key has none of the roles that the call needs",
    404: "not found",
    405: "the address does not take this method",
    409: "not possible in the present state",
    413: "larger than is taken",
    415: "a content type that is not taken",
    429: "more than the system's rate",
    503: "cannot be stored now: nothing was kept, send it again",
}
HOOK_REFUSALS = (400, 401, 404, 405, 413, 415, 429, 503)
HOOK_TYPES = ("application/cloudevents+json", "application/cloudevents-batch+json", JSON)


@bp.get(f"{PREFIX}/openapi.json")
def show() -> Response:
    """The document itself, open to anybody: it describes the tower and holds nothing of a plant."""
    return Response(_written(), mimetype=JSON)


@cache
def _written() -> bytes:
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """The whole document as plain structures."""
    paths: dict[str, Any] = {}
    for declared in CALLS:
        paths.setdefault(path_of(declared.rule), {})[declared.method.lower()] = _operation(declared)
    paths["/hooks/{system}"] = _hook()
    paths[f"{PREFIX}/openapi.json"] = {"get": _this_document()}
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "security": [{"key": []}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _security()},
    }


def path_of(rule: str, prefix: str = PREFIX) -> str:
    """`/orders/<plant>/<path:order>` -> `/api/v1/orders/{plant}/{order}`"""
    return prefix + _PART.sub(r"{\1}", rule)


def _info() -> dict[str, Any]:
    return {
        "title": "Control Tower",
        "version": "1",
        "description": "Who believed what, and since when, across every system of a plant network. "
        "Errors are RFC 9457 problem details; lists answer `items` and `next`; times are RFC 3339 with zone.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def _security() -> dict[str, Any]:
    return {
        "key": {"type": "http", "scheme": "bearer", "description": "made by `python app.py key`; has roles"},
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "webhook-signature",
            "description": "Standard Webhooks, with webhook-id and webhook-timestamp; other schemes per system",
        },
    }


def _operation(declared: Call) -> dict[str, Any]:
    needs = f" Roles: {', '.join((*declared.roles, 'admin'))}." if declared.roles else ""
    found: dict[str, Any] = {
        "operationId": declared.name,
        "tags": [declared.rule.split("/")[1]],
        "summary": declared.summary,
        "description": f"{declared.description}{needs}".strip() or declared.summary,
        "parameters": [*_path_parameters(declared.rule), *_query_parameters(declared.query)],
        "responses": {"200": _success(declared), **_refusals(_statuses(declared))},
    }
    if declared.body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": _schema(declared.body)}}}
    return found


def _statuses(declared: Call) -> tuple[int, ...]:
    found = {*ALWAYS, *declared.refusals}
    if declared.roles:
        found.add(403)
    if declared.body is not None:
        found |= {413, 415}
    return tuple(sorted(found))


def _success(declared: Call) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": declared.summary,
        "content": {declared.media_type: {"schema": _schema(declared.answer)}},
    }
    if declared.headers:
        found["headers"] = {
            name: {"description": words, "schema": {"type": "string"}}
            for name, words in declared.headers.items()
        }
    return found


def _refusals(statuses: tuple[int, ...]) -> dict[str, Any]:
    content = {PROBLEM_JSON: {"schema": _schema(Problem)}}
    return {str(status): {"description": REFUSALS[status], "content": content} for status in statuses}


def _path_parameters(rule: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARTS[name],
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _PART.findall(rule)
    ]


def _query_parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    _, components = msgspec.json.schema_components([query], ref_template=_REFERENCE)
    held = components[query.__name__]
    words = f"see: {held['description']}" if "description" in held else ""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.get("description", words),
            "schema": _without_null(schema),
        }
        for name, schema in held["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not there; it is never null."""
    kept = {name: value for name, value in schema.items() if not (name == "default" and value is None)}
    options = [each for each in kept.pop("anyOf", []) if each.get("type") != "null"]
    return {**kept, **options[0]} if options else kept


def _schema(kind: Any) -> dict[str, Any]:
    (found,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return found


def _schemas() -> dict[str, Any]:
    kinds = [Problem, Accepted, *(each.answer for each in CALLS), *(each.body for each in CALLS if each.body)]
    _, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    return components


def _hook() -> dict[str, Any]:
    system = _path_parameters("/<system>")
    accepted = {
        "description": "stored durably; handled afterwards. A duplicate is 202 too, counted apart",
        "headers": {"traceparent": {"description": "the trace of the message", "schema": {"type": "string"}}},
        "content": {JSON: {"schema": _schema(Accepted)}},
    }
    body: dict[str, Any] = {"schema": {}}
    send = {
        "operationId": "send_webhook",
        "tags": ["hooks"],
        "summary": "Send a message of a system to the tower",
        "description": "Structured, batched or binary CloudEvents, signed by Standard Webhooks.",
        "security": [{"signature": []}],
        "parameters": system,
        "requestBody": {"required": True, "content": dict.fromkeys(HOOK_TYPES, body)},
        "responses": {"202": accepted, **_refusals(HOOK_REFUSALS)},
    }
    return {"post": send, "options": _handshake(system)}


def _handshake(system: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("WebHook-Allowed-Origin", "WebHook-Allowed-Rate")
    headers = {name: {"schema": {"type": "string"}, "description": "as asked for"} for name in names}
    asked = {
        "name": "WebHook-Request-Origin",
        "in": "header",
        "required": False,
        "description": "who asks, a DNS name",
        "schema": {"type": "string"},
    }
    return {
        "operationId": "agree_on_webhooks",
        "tags": ["hooks"],
        "summary": "The CloudEvents webhook handshake",
        "security": [],
        "parameters": [*system, asked],
        "responses": {"200": {"description": "granted", "headers": headers}, **_refusals((400, 404))},
    }


def _this_document() -> dict[str, Any]:
    return {
        "operationId": "openapi",
        "tags": ["openapi"],
        "summary": "This document",
        "security": [],
        "responses": {
            "200": {"description": "OpenAPI 3.1", "content": {JSON: {"schema": {"type": "object"}}}}
        },
    }
