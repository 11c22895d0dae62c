"""Who calls the API: a bearer key with roles, known by its hash."""

from __future__ import annotations

import time

from flask import current_app, g, request

from controltower.store import user
from controltower.web.problems import ApiError
from controltower.web.tower import now, reading, writing

# A key's last use is told to the minute; more would turn every read into a write.
_NOTED_EVERY_SECONDS = 60.0


def require(roles: tuple[str, ...]) -> user.ApiKey:
    """The key of this request. Raises 401 without a usable key, 403 when it has none of the roles."""
    key = _key_of_request()
    if roles and "admin" not in key.roles and key.roles.isdisjoint(roles):
        raise ApiError(403, "Not permitted", f"this call needs the role {' or '.join(roles)}")
    _note_use(key)
    g.api_key = key
    return key


def caller() -> str:
    """The name under which the caller's acts are written down."""
    return f"key:{g.api_key.name}"


def _key_of_request() -> user.ApiKey:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise _refused("send Authorization: Bearer <key>", 'Bearer realm="control tower"')
    key = user.key_for(reading(), given.strip(), now())
    if key is None:
        challenge = 'Bearer realm="control tower", error="invalid_token"'
        raise _refused("this key is unknown, expired or revoked", challenge)
    return key


def _refused(detail: str, challenge: str) -> ApiError:
    return ApiError(401, "Not authenticated", detail, WWW_Authenticate=challenge)


def _note_use(key: user.ApiKey) -> None:
    noted: dict[int, float] = current_app.extensions.setdefault("api_key_uses", {})
    moment = time.monotonic()
    if key.id in noted and moment - noted[key.id] < _NOTED_EVERY_SECONDS:
        return
    noted[key.id] = moment
    with writing() as connection:
        user.note_key_use(connection, key.id, now())
