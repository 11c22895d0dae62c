"""The door for webhooks, `POST /hooks/<system>`: in front of Flask, whose frame costs more than all the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import structlog
from flask import Flask

from controltower.domain.landscape import Landscape
from controltower.domain.trace import message_span, traceparent
from controltower.pipeline.receive import Intake, Refusal
from controltower.pipeline.tower import Tower
from controltower.web import problems

log = structlog.get_logger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]
Answer = tuple[str, Headers, bytes]

PREFIX = "/hooks/"
METHODS = "POST, OPTIONS"
_CHUNK = 256 * 1024
# The longest Content-Length that is read as a number; beyond, the message is too large whatever it says.
_MOST_DIGITS = 12
_LONGEST_ORIGIN = 200
_STATUS = {
    200: "200 OK",
    202: "202 Accepted",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    415: "415 Unsupported Media Type",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}


class Accepted(msgspec.Struct):
    """What a sender hears once its message is stored durably. `message` is the tower's id of it."""

    accepted: int
    duplicates: int
    message: str


class HookDoor:
    """A WSGI layer: answers the hooks itself, without session, log-in or template, and hands on all else.

    Measured in one process: 240 µs for an empty view behind the pages' log-in, CSRF and content security,
    under 5 µs here.
    """

    def __init__(self, inner: Wsgi, intake: Intake, landscape: Landscape) -> None:
        self._inner, self._intake, self._landscape = inner, intake, landscape
        self._methods: dict[str, Callable[[Environ, str], Answer]] = {
            "POST": self._post,
            "OPTIONS": self._handshake,
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._inner(environ, start_response)
        status, headers, body = self._answer(environ, path[len(PREFIX) :])
        headers.append(("Content-Length", str(len(body))))
        start_response(status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: Environ, system: str) -> Answer:
        try:
            answer = self._methods.get(environ["REQUEST_METHOD"], _no_such_method)
            return answer(environ, system)
        except Refusal as refusal:
            return _refused(environ, refusal)
        except Exception:
            log.exception("hook failed", system=system)
            return _refused(environ, Refusal(500, "Internal error", "nothing was kept; send it again"))

    def _post(self, environ: Environ, system: str) -> Answer:
        body = _body(environ, self._largest(system))
        receipt = self._intake.receive(system, _headers(environ), body)
        accepted = Accepted(receipt.accepted, receipt.duplicates, str(receipt.message))
        here = traceparent(receipt.trace, message_span(receipt.message))
        headers = [("Content-Type", "application/json"), ("traceparent", here)]
        return _STATUS[202], headers, msgspec.json.encode(accepted)

    def _largest(self, system: str) -> int:
        known = self._landscape.systems.get(system)
        if known is None or known.hooks is None:
            raise Refusal(404, "No such hook", "no system of this name takes webhooks here")
        return known.hooks.largest

    def _handshake(self, environ: Environ, system: str) -> Answer:
        """The validation of "HTTP 1.1 Web Hooks for Event Delivery": whose events are taken, and how many a minute.

        Consent costs nothing here: what is delivered afterwards is still believed by its signature only.
        """
        self._largest(system)
        headers = [("Allow", METHODS)]
        origin = environ.get("HTTP_WEBHOOK_REQUEST_ORIGIN", "")
        if origin:
            if not origin.isprintable() or len(origin) > _LONGEST_ORIGIN:
                raise Refusal(400, "Handshake not understood", "WebHook-Request-Origin must be a DNS name")
            rate = getattr(self._landscape.systems[system].hooks, "rate", 0)
            headers += [("WebHook-Allowed-Origin", origin), ("WebHook-Allowed-Rate", str(rate or "*"))]
        return _STATUS[200], headers, b""


def register(app: Flask, tower: Tower) -> None:
    """Put the door in front of the app."""
    # Several servers on one database must not give out the same id; 255 is the pollers'.
    intake = app.extensions["intake"] = Intake(tower, node=os.getpid() % 255)
    app.wsgi_app = HookDoor(app.wsgi_app, intake, tower.landscape)  # type: ignore[method-assign]


def _no_such_method(environ: Environ, system: str) -> Answer:
    status, headers, body = _refused(environ, Refusal(405, "Method not allowed", "messages are sent by POST"))
    return status, [*headers, ("Allow", METHODS)], body


def _refused(environ: Environ, refusal: Refusal) -> Answer:
    told = problems.problem(
        refusal.status,
        refusal.title,
        refusal.detail,
        instance=environ["PATH_INFO"],
        traceparent=environ.get("HTTP_TRACEPARENT", ""),
        errors=[problems.Place(fault.message, fault.pointer) for fault in refusal.errors],
    )
    headers = [("Content-Type", problems.MEDIA_TYPE), ("traceparent", traceparent(told.trace_id))]
    if refusal.retry_after is not None:
        headers.append(("Retry-After", str(max(1, round(refusal.retry_after)))))
    return _STATUS[refusal.status], headers, problems.encode(told)


def _headers(environ: Environ) -> Mapping[str, str]:
    """The request's headers with their names in lower case."""
    found = {
        name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"
    }
    found["content-type"] = environ.get("CONTENT_TYPE") or ""
    return found


def _body(environ: Environ, largest: int) -> bytes:
    """The request's body, of which never more than `largest` bytes are taken into memory."""
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared:
        if not (declared.isascii() and declared.isdigit()):
            raise Refusal(400, "Request not understood", "Content-Length must be a whole number")
        if len(declared) > _MOST_DIGITS or int(declared) > largest:
            raise _too_large(largest)
        body = _read(environ, int(declared))
        if len(body) < int(declared):
            raise Refusal(400, "Request not understood", "the body ended before its Content-Length")
        return body
    if not environ.get("wsgi.input_terminated"):
        return b""  # no length and no chunks: there is no body, and reading would wait for ever
    body = _read(environ, largest + 1)
    if len(body) > largest:
        raise _too_large(largest)
    return body


def _read(environ: Environ, most: int) -> bytes:
    stream, pieces, left = environ["wsgi.input"], [], most
    while left > 0:
        piece = stream.read(min(left, _CHUNK))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(largest: int) -> Refusal:
    return Refusal(413, "Message too large", f"at most {largest} bytes are taken")
