"""Log in, log out, and who is at the desk: argon2 hashes, a session cookie, a limit on guesses."""

from __future__ import annotations

import hashlib
from functools import cache
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Blueprint, Flask, Response, make_response, render_template, request, session, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from controltower.store import user as user_store
from controltower.web import hx
from controltower.web.tower import now, reading, writing

bp = Blueprint("login", __name__)
# RFC 9106's second choice (64 MiB, three passes) halved: a wall of desks logs in at the shift change.
hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=2)
# Memory storage counts per process: with n web processes a guesser gets n times as many tries.
limiter = Limiter(get_remote_address, storage_uri="memory://", default_limits=[])
FAILURES_PER_NAME = "6 per minute; 40 per hour"
FAILURES_PER_ADDRESS = "30 per minute"
HOMES = {"executive": "/", "planner": "/drift", "integration": "/integration", "admin": "/drift"}


class Person(UserMixin):
    """The one who is logged in, as Flask-Login wants it and templates show it."""

    def __init__(self, user: user_store.User) -> None:
        self.user_id = user.id
        self.name = user.name
        self.full_name = user.full_name
        self.roles = user.roles
        self.home = user.home
        self.time_zone = user.time_zone
        self.session_key = session_key(user)

    def get_id(self) -> str:
        return self.session_key


def register(app: Flask) -> None:
    """Sessions and the log-in page."""
    keeper = LoginManager(app)
    keeper.session_protection = "basic"
    keeper.user_loader(person_of_session)
    limiter.init_app(app)
    app.register_blueprint(bp)


def session_key(user: user_store.User) -> str:
    """Names the person and the password in force: changing the password ends the other sessions."""
    return f"{user.id}.{hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]}"


def person_of_session(key: str) -> Person | None:
    """The person behind a session cookie; None when gone, switched off or the password has changed."""
    number = key.partition(".")[0]
    found = user_store.user_by_id(reading(), int(number)) if number.isdigit() else None
    return Person(found) if found and found.active and session_key(found) == key else None


def who() -> str:
    """The log-in name of the person at the desk, for the audit log."""
    return str(getattr(current_user, "name", "nobody"))


def hash_password(password: str) -> str:
    """An argon2id hash with its own salt and parameters in it."""
    return hasher.hash(password)


@cache
def hash_of_nobody() -> str:
    return hasher.hash("nobody has this password")


def who_is(name: str, password: str) -> user_store.User | None:
    """The active person with that password. A wrong name takes as long as a wrong password."""
    found = user_store.user_by_name(reading(), name)
    try:
        hasher.verify(found.password_hash if found else hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return None
    return found if found and found.active else None


def safe_next(target: str | None) -> str | None:
    """The target if it is a path of this tower; None for other hosts, schemes and browser tricks."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    plain = target.isprintable() and "\\" not in target
    return target if plain and not parts.scheme and not parts.netloc else None


def attempted_name() -> str:
    return f"name:{request.form.get('name', '').strip().lower()[:80]}"


def was_refused(response: AnyResponse) -> bool:
    return response.status_code == 401


@bp.get("/login")
def form() -> Response:
    """The log-in page; `next` is where to go afterwards."""
    return hx.no_store(make_response(render_template("login.html", problem=None, name="")))


@bp.post("/login")
@limiter.limit(FAILURES_PER_NAME, key_func=attempted_name, deduct_when=was_refused)
@limiter.limit(FAILURES_PER_ADDRESS, deduct_when=was_refused)
def enter() -> Response:
    """Check name and password, then go to the wanted page or the person's desk."""
    name = request.form.get("name", "")
    found = who_is(name, request.form.get("password", ""))
    if found is None:
        problem = "Name and password do not match. Check both, capital letters included, and try again."
        return hx.no_store(make_response(render_template("login.html", problem=problem, name=name), 401))
    with writing() as connection:
        user_store.note_login(connection, found.id, now())
    session.clear()
    session.permanent = True
    login_user(Person(found))
    return hx.go_to(safe_next(request.args.get("next")) or HOMES.get(found.home, "/"))


@bp.post("/logout")
def leave() -> Response:
    """End the session."""
    logout_user()
    session.clear()
    return hx.go_to(url_for("login.form"))
