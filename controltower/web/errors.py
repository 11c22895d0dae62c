"""What people see when a page cannot be shown: what happened, and where to go from there."""

from __future__ import annotations

import structlog
from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from controltower.web import hx, problems

log = structlog.get_logger(__name__)

WORDS: dict[int, tuple[str, str]] = {
    400: (
        "This request could not be read",
        "Go back and try once more. If it happens again, tell the control tower's owner.",
    ),
    403: ("Your role does not include this", "An administrator can give you the role that does."),
    404: (
        "There is nothing at this address",
        "The record may have another number, or the link is old. Search for it above.",
    ),
    405: ("This address does not take that action", "Open the page again and use its buttons."),
    413: ("That is larger than the tower takes", "Send it in parts."),
    429: ("Too many attempts", "Wait a minute, then try again."),
    500: (
        "The tower could not show this page",
        "The error is in the log under the reference below. Nothing was changed.",
    ),
    503: (
        "The tower is busy or its store does not answer",
        "Incoming messages wait at their senders. Try again in a moment.",
    ),
}
STALE_FORM = (
    "This form was open too long",
    "Your session has changed since. Load the page again; nothing was changed.",
)


def register(app: Flask) -> None:
    """Designed pages for every refusal and every fault."""
    app.register_error_handler(problems.ApiError, problems.of_api_error)
    app.register_error_handler(CSRFError, stale_form)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, failed)


def refused(error: HTTPException) -> Response:
    """A 4xx, in words; answers that carry a response of their own pass through."""
    if error.response is not None:
        return make_response(error.response)
    if problems.for_machines():
        return problems.of_http_error(error)
    code = error.code or 500
    title, advice = WORDS.get(code, (error.name, error.description or ""))
    response = shown(code, title, advice)
    for name, value in error.get_headers():
        if name in ("Retry-After", "Allow"):
            response.headers[name] = value
    return response


def stale_form(error: CSRFError) -> Response:
    return shown(400, *STALE_FORM)


def failed(error: Exception) -> Response:
    """A fault of ours: logged with a reference that the page shows, never a stack trace."""
    if problems.for_machines():
        return problems.of_fault(error)
    reference = hx.etag_of(id(error))[1:9]
    log.exception("page failed", path=request.path, reference=reference)
    return shown(500, *WORDS[500], reference=reference)


def shown(code: int, title: str, advice: str, reference: str | None = None) -> Response:
    """The full page, or for an htmx request one line that the script shows as a notice."""
    if hx.wants_block():
        return hx.no_store(
            make_response(f"{title}. {advice}", code, {"Content-Type": "text/plain; charset=utf-8"})
        )
    page = render_template("error.html", code=code, title=title, advice=advice, reference=reference)
    return hx.no_store(make_response(page, code))
