"""One call of the API: its address, who may make it, what goes in and out; the OpenAPI document is made of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import msgspec
from flask import Response

from controltower.web.api import access, asked

JSON = "application/json"
View = Callable[..., Any]


@dataclass(frozen=True)
class Call:
    """`roles` empty: any key will do. `refusals`: statuses beyond those that every call may answer."""

    method: str
    rule: str
    view: View
    answer: Any
    query: type[msgspec.Struct] = asked.Nothing
    body: type[msgspec.Struct] | None = None
    roles: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.view.__name__

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (self.view.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """What its docstring says beyond the first line."""
        lines = (self.view.__doc__ or "").strip().splitlines()[1:]
        return " ".join(line.strip() for line in lines if line.strip())


CALLS: list[Call] = []


def call(method: str, rule: str, *, answer: Any, **terms: Any) -> Callable[[View], View]:
    """Declare a view as a call. It is handed the query (if declared), the body (if declared), then the path's parts."""

    def declare(view: View) -> View:
        CALLS.append(Call(method, rule, view, answer, **terms))
        return view

    return declare


def endpoint(declared: Call) -> Callable[..., Response]:
    """The Flask view of a call: who asks, what for, then the answer as JSON."""

    @wraps(declared.view)
    def answered(**path: str) -> Response:
        access.require(declared.roles)
        query = asked.parameters(declared.query)
        handed: list[Any] = [] if declared.query is asked.Nothing else [query]
        if declared.body is not None:
            handed.append(asked.body(declared.body))
        held = declared.view(*handed, **path)
        response = Response(msgspec.json.encode(held), mimetype=declared.media_type)
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered
