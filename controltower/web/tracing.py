"""Every log line written during a request carries the request's trace: the caller's own where it sent one."""

from __future__ import annotations

from flask import Flask, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from controltower.domain.trace import trace_of


def register(app: Flask) -> None:
    """Bind the trace before anything else of a request runs."""
    app.before_request(bind)


def bind() -> None:
    """Forget what the thread's last request bound, and bind this one's trace and address."""
    clear_contextvars()
    trace, _ = trace_of(request.headers.get("traceparent", ""))
    bind_contextvars(trace=trace, path=request.path)
