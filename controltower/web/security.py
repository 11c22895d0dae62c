"""Who may see and do what, and what a browser may load: log-in, roles, CSRF, content security, cookies."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, abort, g, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFProtect

from controltower.web import hx, problems

P = ParamSpec("P")
R = TypeVar("R")

# Reached without a session: these authenticate by other means (signature, key) or show nothing of a plant.
PUBLIC_BLUEPRINTS = frozenset({"assets", "login", "hooks", "api", "health", "metrics"})
SESSION_LIFE = timedelta(hours=12)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
csrf = CSRFProtect()


def register(app: Flask, *, secure_cookies: bool) -> None:
    """Switch all of it on. `secure_cookies` is for a tower reached over HTTPS."""
    app.config.update(
        SESSION_COOKIE_NAME="tower_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure_cookies,
        PERMANENT_SESSION_LIFETIME=SESSION_LIFE,
        WTF_CSRF_TIME_LIMIT=None,  # a desk stays open all shift; the token dies with the session
        WTF_CSRF_SSL_STRICT=secure_cookies,
    )
    csrf.init_app(app)
    app.before_request(require_login)
    app.after_request(add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """The one nonce of this request: Plotly's stylesheet element is the only one that carries it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=csp_nonce()))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def require_login() -> Response | None:
    """Every page needs a session unless its blueprint is on the short public list."""
    if request.blueprint in PUBLIC_BLUEPRINTS or problems.for_machines() or current_user.is_authenticated:
        return None
    if request.endpoint is None:  # unknown addresses look the same to strangers as known ones
        return hx.go_to(url_for("login.form"))
    back = request.full_path.rstrip("?") if request.method == "GET" and not hx.wants_block() else None
    return hx.go_to(url_for("login.form", next=back))


def roles(*allowed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only people with one of these roles pass; an administrator always does. Others get 403."""

    def guard(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            if not may(*allowed):
                abort(403)
            return view(*args, **kwargs)

        return checked

    return guard


def may(*allowed: str) -> bool:
    """Whether the person has one of the roles; templates ask the same question to hide a button."""
    held: frozenset[str] = getattr(current_user, "roles", frozenset())
    return "admin" in held or bool(held.intersection(allowed))


def exempt_from_csrf(blueprint: Any) -> None:
    """For doors that authenticate each request by signature or key and read no cookie."""
    csrf.exempt(blueprint)
