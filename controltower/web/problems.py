"""Errors as machines read them: RFC 9457 problem details for the hooks and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException

from controltower.domain.trace import trace_of

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
# Addresses that machines call: whatever goes wrong there is told in JSON, never as a page.
MACHINE_PATHS = ("/api/", "/hooks/")
KINDS = {
    400: "invalid-request",
    401: "not-authenticated",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    429: "too-many-requests",
    500: "internal-error",
    503: "unavailable",
}


class Place(msgspec.Struct, omit_defaults=True):
    """What is wrong where: `pointer` (RFC 6901) into the body, or the name of a `parameter` or header."""

    message: str
    pointer: str | None = None
    parameter: str | None = None


class Fact(msgspec.Struct, omit_defaults=True):
    """Something that speaks against what was asked for, with the delivery, message or event that shows it."""

    what: str
    delivery: str = ""
    message: str = ""
    event: str = ""


class Problem(msgspec.Struct, kw_only=True):
    """RFC 9457 problem details. `facts`: what is newer, where old news would be sent."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str
    errors: list[Place] = []
    facts: list[Fact] | msgspec.UnsetType = msgspec.UNSET


class ApiError(Exception):
    """Raised by a call of the API: becomes a problem with that status."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        errors: Sequence[Place] = (),
        facts: Sequence[Fact] = (),
        **headers: str,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail = status, title, detail
        self.errors, self.facts = list(errors), list(facts)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    instance: str,
    traceparent: str,
    errors: Sequence[Place] = (),
    facts: Sequence[Fact] = (),
) -> Problem:
    """The details of one refusal; the trace is the caller's where it sent one."""
    kind = KINDS.get(status, "error")
    trace, _ = trace_of(traceparent)
    return Problem(
        type=f"urn:control-tower:problem:{kind}",
        title=title,
        status=status,
        detail=detail,
        instance=instance,
        trace_id=trace,
        errors=list(errors),
        facts=list(facts) or msgspec.UNSET,
    )


def encode(held: Problem) -> bytes:
    """The bytes of a problem as they go out."""
    return msgspec.json.encode(held)


def for_machines() -> bool:
    """Whether the caller of this request reads JSON, known or unknown address alike."""
    return f"{request.path}/".startswith(MACHINE_PATHS)


def answer(
    status: int,
    title: str,
    detail: str = "",
    errors: Sequence[Place] = (),
    headers: Mapping[str, str] = {},
    facts: Sequence[Fact] = (),
) -> Response:
    """A problem as Flask answers it."""
    told = problem(
        status,
        title,
        detail,
        instance=request.path,
        traceparent=request.headers.get("traceparent", ""),
        errors=errors,
        facts=facts,
    )
    response = Response(encode(told), status, mimetype=MEDIA_TYPE)
    response.headers.extend(headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def of_api_error(error: ApiError) -> Response:
    return answer(error.status, error.title, error.detail, error.errors, error.headers, error.facts)


def of_http_error(error: HTTPException) -> Response:
    """What routing or Flask itself refuses; only the headers that the status calls for go out."""
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return answer(error.code or 500, error.name, error.description or "", headers=kept)


def of_fault(error: Exception) -> Response:
    """A fault of ours: logged under the trace that the caller is told, and nothing more is said."""
    response = answer(500, "Internal error", "The fault is in the tower's log under this trace id.")
    trace = msgspec.json.decode(response.get_data(), type=Problem).trace_id
    log.error("api call failed", path=request.path, trace=trace, exc_info=error)
    return response
